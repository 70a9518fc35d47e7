//! Burn's visitors and mappers of parameters, through a pointer.
//!
//! Burn calls a visitor with a parameter whose rank is a type parameter. Through a pointer the parameter travels as
//! `dyn Any`, and on the other side its rank is found again: [`MOST`] at most.

use std::any::Any;

use burn::module::{Flag, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Bool, Int, Tensor};

/// The largest rank that a parameter can have.
const MOST: usize = 6;

/// A visitor of parameters whose type is forgotten.
pub(super) trait ErasedVisitor {
    /// A tensor's parameter of any rank and kind.
    fn tensor(&mut self, param: &dyn Any);
    fn flag(&mut self, flag: &Param<Flag>);
    fn enter(&mut self, name: &str, container_type: &str);
    fn exit(&mut self, name: &str, container_type: &str);
}

impl<V: ModuleVisitor> ErasedVisitor for V {
    fn tensor(&mut self, param: &dyn Any) {
        let found = visit_rank::<1, V>(self, param)
            || visit_rank::<2, V>(self, param)
            || visit_rank::<3, V>(self, param)
            || visit_rank::<4, V>(self, param)
            || visit_rank::<5, V>(self, param)
            || visit_rank::<MOST, V>(self, param);
        assert!(found, "a parameter of AnyNetwork has a rank from 1 to {MOST}");
    }

    fn flag(&mut self, flag: &Param<Flag>) {
        self.visit_flag(flag);
    }

    fn enter(&mut self, name: &str, container_type: &str) {
        self.enter_module(name, container_type);
    }

    fn exit(&mut self, name: &str, container_type: &str) {
        self.exit_module(name, container_type);
    }
}

/// Visits a parameter if it has this rank.
fn visit_rank<const D: usize, V: ModuleVisitor>(visitor: &mut V, param: &dyn Any) -> bool {
    if let Some(param) = param.downcast_ref::<Param<Tensor<D>>>() {
        visitor.visit_float(param);
    } else if let Some(param) = param.downcast_ref::<Param<Tensor<D, Int>>>() {
        visitor.visit_int(param);
    } else if let Some(param) = param.downcast_ref::<Param<Tensor<D, Bool>>>() {
        visitor.visit_bool(param);
    } else {
        return false;
    }
    true
}

/// The visitor that a network gets to see.
pub(super) struct ThroughVisitor<'a>(pub(super) &'a mut dyn ErasedVisitor);

impl ModuleVisitor for ThroughVisitor<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.tensor(param);
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        self.0.tensor(param);
    }

    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        self.0.tensor(param);
    }

    fn visit_flag(&mut self, flag: &Param<Flag>) {
        self.0.flag(flag);
    }

    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.0.enter(name, container_type);
    }

    fn exit_module(&mut self, name: &str, container_type: &str) {
        self.0.exit(name, container_type);
    }
}

/// A mapper of parameters whose type is forgotten.
pub(super) trait ErasedMapper {
    /// A tensor's parameter of any rank and kind; the result is of the same.
    fn tensor(&mut self, param: Box<dyn Any>) -> Box<dyn Any>;
    fn flag(&mut self, flag: Param<Flag>) -> Param<Flag>;
    fn enter(&mut self, name: &str, container_type: &str);
    fn exit(&mut self, name: &str, container_type: &str);
}

impl<M: ModuleMapper> ErasedMapper for M {
    fn tensor(&mut self, param: Box<dyn Any>) -> Box<dyn Any> {
        map_rank::<1, M>(self, param)
            .or_else(|param| map_rank::<2, M>(self, param))
            .or_else(|param| map_rank::<3, M>(self, param))
            .or_else(|param| map_rank::<4, M>(self, param))
            .or_else(|param| map_rank::<5, M>(self, param))
            .or_else(|param| map_rank::<MOST, M>(self, param))
            .unwrap_or_else(|_| panic!("a parameter of AnyNetwork has a rank from 1 to {MOST}"))
    }

    fn flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
        self.map_flag(flag)
    }

    fn enter(&mut self, name: &str, container_type: &str) {
        self.enter_module(name, container_type);
    }

    fn exit(&mut self, name: &str, container_type: &str) {
        self.exit_module(name, container_type);
    }
}

/// Maps a parameter if it has this rank, or gives it back.
fn map_rank<const D: usize, M: ModuleMapper>(
    mapper: &mut M,
    param: Box<dyn Any>,
) -> Result<Box<dyn Any>, Box<dyn Any>> {
    let param = match param.downcast::<Param<Tensor<D>>>() {
        Ok(param) => return Ok(Box::new(mapper.map_float(*param))),
        Err(param) => param,
    };
    let param = match param.downcast::<Param<Tensor<D, Int>>>() {
        Ok(param) => return Ok(Box::new(mapper.map_int(*param))),
        Err(param) => param,
    };
    param.downcast::<Param<Tensor<D, Bool>>>().map(|param| Box::new(mapper.map_bool(*param)) as Box<dyn Any>)
}

/// The mapper that a network gets to see.
pub(super) struct ThroughMapper<'a>(pub(super) &'a mut dyn ErasedMapper);

impl ThroughMapper<'_> {
    fn tensor<P: 'static>(&mut self, param: P) -> P {
        let mapped = self.0.tensor(Box::new(param)).downcast::<P>();
        *mapped.expect("a mapped parameter has the rank and kind that it had")
    }
}

impl ModuleMapper for ThroughMapper<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.tensor(param)
    }

    fn map_int<const D: usize>(&mut self, param: Param<Tensor<D, Int>>) -> Param<Tensor<D, Int>> {
        self.tensor(param)
    }

    fn map_bool<const D: usize>(&mut self, param: Param<Tensor<D, Bool>>) -> Param<Tensor<D, Bool>> {
        self.tensor(param)
    }

    fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
        self.0.flag(flag)
    }

    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.0.enter(name, container_type);
    }

    fn exit_module(&mut self, name: &str, container_type: &str) {
        self.0.exit(name, container_type);
    }
}
