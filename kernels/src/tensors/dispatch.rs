//! Between Burn's tensors, which choose their backend at run time, and those of a backend.

use burn::backend::tensor::FloatTensor;
use burn::backend::{
    Autodiff, AutodiffBackend, Backend, BackendTensor, Cube, DispatchAutodiffContext, DispatchTensor,
    DispatchTensorKind, Flex, GradientCheckpointingStrategy,
};

/// A backend that operations are written for.
pub(crate) trait Bridge: Backend {
    /// The backend's tensor among all backends'.
    fn kind(tensor: BackendTensor<Self>) -> DispatchTensorKind;
    /// The tensor, if it is this backend's.
    fn of(kind: DispatchTensorKind) -> Option<BackendTensor<Self>>;
    /// The same without taking it.
    fn of_ref(kind: &DispatchTensorKind) -> Option<&BackendTensor<Self>>;
}

macro_rules! bridge {
    ($backend:ident) => {
        impl Bridge for $backend {
            fn kind(tensor: BackendTensor<Self>) -> DispatchTensorKind {
                DispatchTensorKind::$backend(tensor)
            }

            fn of(kind: DispatchTensorKind) -> Option<BackendTensor<Self>> {
                if let DispatchTensorKind::$backend(tensor) = kind { Some(tensor) } else { None }
            }

            fn of_ref(kind: &DispatchTensorKind) -> Option<&BackendTensor<Self>> {
                if let DispatchTensorKind::$backend(tensor) = kind { Some(tensor) } else { None }
            }
        }
    };
}
bridge!(Flex);
bridge!(Cube);

/// Whether a tensor holds floating-point numbers on the backend.
pub(crate) fn is_on<B: Bridge>(tensor: &DispatchTensor) -> bool {
    match &tensor.kind {
        DispatchTensorKind::Autodiff(inner) => matches!(B::of_ref(inner), Some(BackendTensor::Autodiff(_))),
        kind => matches!(B::of_ref(kind), Some(BackendTensor::Float(_))),
    }
}

/// Whether one of several tensors is under automatic differentiation, and how.
pub(crate) fn context<'a>(tensors: impl IntoIterator<Item = &'a DispatchTensor>) -> DispatchAutodiffContext {
    tensors.into_iter().fold(DispatchAutodiffContext::Disabled, |all, tensor| all.merge(tensor.autodiff))
}

/// Whether results of differentiated operations are to be computed again rather than kept.
pub(crate) fn recomputes(context: DispatchAutodiffContext) -> bool {
    context == DispatchAutodiffContext::Enabled(GradientCheckpointingStrategy::Balanced)
}

/// The backend's tensor without automatic differentiation.
///
/// # Panics
/// If it is not [on the backend](is_on), or under automatic differentiation.
pub(crate) fn primitive<B: Bridge>(tensor: DispatchTensor) -> FloatTensor<B> {
    match B::of(tensor.kind) {
        Some(tensor) => tensor.float(),
        None => unreachable!("only tensors of the backend get here"),
    }
}

/// The backend's tensor under automatic differentiation, a constant if it was not.
///
/// # Panics
/// If it is not [on the backend](is_on).
pub(crate) fn tracked<B: Bridge>(tensor: DispatchTensor) -> FloatTensor<Autodiff<B>> {
    match tensor.kind {
        DispatchTensorKind::Autodiff(inner) => match B::of(*inner) {
            Some(tensor) => tensor.autodiff(),
            None => unreachable!("only tensors of the backend get here"),
        },
        kind => Autodiff::<B>::from_inner(primitive::<B>(DispatchTensor { kind, autodiff: tensor.autodiff })),
    }
}

/// A result that is not differentiated.
pub(crate) fn of_plain<B: Bridge>(tensor: FloatTensor<B>) -> DispatchTensor {
    DispatchTensor { kind: B::kind(BackendTensor::Float(tensor)), autodiff: DispatchAutodiffContext::Disabled }
}

/// A result under automatic differentiation.
pub(crate) fn of_tracked<B: Bridge>(
    tensor: FloatTensor<Autodiff<B>>,
    autodiff: DispatchAutodiffContext,
) -> DispatchTensor {
    let kind = DispatchTensorKind::Autodiff(Box::new(B::kind(BackendTensor::Autodiff(tensor))));
    DispatchTensor { kind, autodiff }
}
