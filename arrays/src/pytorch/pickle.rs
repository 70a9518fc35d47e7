//! Python's pickles, as far as weights need them: a list of instructions for a machine with a stack.
//!
//! A pickle can name any function of Python and have it called. Nothing is called here: the three functions that rebuild
//! tensors and dictionaries are known by their names, and the result of any other is a value that nothing is read of.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use crate::ArrayError;

/// A value of Python.
#[derive(Clone, Debug)]
pub(super) enum Value {
    None,
    Integer(i64),
    Text(Rc<str>),
    Tuple(Rc<[Value]>, Depth),
    /// Copied by nothing: the memo forgets it, and no other value holds it.
    Dictionary(Vec<(Value, Value)>),
    /// A class or a function, by its module and name.
    Global(Rc<str>),
    /// Memory that tensors are views of: the class of its numbers, the name of its file, and how many numbers it has.
    Storage(Rc<Storage>),
    Tensor(Rc<View>),
    /// All else.
    Other,
}

/// How many tuples lie in each other. A tensor's arguments are a tuple with tuples of sizes and of its storage, which is 2; what is deeper
/// than [`DEEPEST`] says nothing about weights, and would only overflow the stack.
type Depth = u8;

const DEEPEST: Depth = 8;

#[derive(Debug)]
pub(super) struct Storage {
    pub class: Rc<str>,
    pub key: Rc<str>,
    pub count: usize,
}

/// A view of a storage: in steps of numbers from an offset on.
#[derive(Debug)]
pub(super) struct View {
    pub storage: Rc<Storage>,
    pub offset: usize,
    pub shape: Vec<usize>,
    pub strides: Vec<usize>,
}

impl View {
    /// The part of the storage from the first number to the last, unless a number's place is beyond all memory. No side is 0.
    pub fn span(&self) -> Option<Range<usize>> {
        let mut last = self.offset;
        for (&side, &stride) in self.shape.iter().zip(&self.strides) {
            last = (side - 1).checked_mul(stride).and_then(|reach| last.checked_add(reach))?;
        }
        Some(self.offset..last.checked_add(1)?)
    }

    /// Whether the numbers lie in the order of the shape, without gaps.
    pub fn is_plain(&self) -> bool {
        let mut rows = 1;
        self.shape.iter().zip(&self.strides).rev().all(|(&side, &stride)| {
            let fits = side == 1 || stride == rows;
            rows *= side;
            fits
        })
    }

    /// Where a number of the view is in its [`View::span`].
    pub fn place(&self, mut number: usize) -> usize {
        let mut place = 0;
        for (&side, &stride) in self.shape.iter().zip(&self.strides).rev() {
            place += number % side * stride;
            number /= side;
        }
        place
    }
}

/// The value that a pickle describes.
pub(super) fn read(bytes: &[u8]) -> Result<Value, ArrayError> {
    Machine { bytes, at: 0, stack: Vec::new(), marks: Vec::new(), memo: HashMap::new() }.run()
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
}

fn damaged(what: &str) -> ArrayError {
    ArrayError::new(format!("has a damaged pickle: {what}"))
}

impl<'a> Machine<'a> {
    fn run(mut self) -> Result<Value, ArrayError> {
        loop {
            match self.byte()? {
                // Protocol and frame say nothing that is needed.
                0x80 => drop(self.take(1)?),
                0x95 => drop(self.take(8)?),
                b'.' => return self.pop(),
                b'N' => self.stack.push(Value::None),
                b'(' => self.marks.push(self.stack.len()),
                b'J' => {
                    let number = i32::from_le_bytes(self.array()?);
                    self.stack.push(Value::Integer(number.into()));
                }
                b'K' => {
                    let number = self.byte()?;
                    self.stack.push(Value::Integer(number.into()));
                }
                b'M' => {
                    let number = u16::from_le_bytes(self.array()?);
                    self.stack.push(Value::Integer(number.into()));
                }
                0x8a => self.long()?,
                b'G' => {
                    self.take(8)?;
                    self.stack.push(Value::Other);
                }
                0x88 | 0x89 => self.stack.push(Value::Other),
                b'X' => {
                    let length = u32::from_le_bytes(self.array()?) as usize;
                    self.text(length)?;
                }
                0x8c => {
                    let length = self.byte()?.into();
                    self.text(length)?;
                }
                b'c' => {
                    let name = format!("{}.{}", self.line()?, self.line()?);
                    self.stack.push(Value::Global(name.into()));
                }
                0x93 => {
                    let (name, module) = (self.pop()?, self.pop()?);
                    let (Value::Text(module), Value::Text(name)) = (module, name) else {
                        return Err(damaged("a name that is no text"));
                    };
                    self.stack.push(Value::Global(format!("{module}.{name}").into()));
                }
                b'}' => self.stack.push(Value::Dictionary(Vec::new())),
                b']' => self.stack.push(Value::Other),
                b')' => self.stack.push(tuple(Vec::new())),
                b't' => {
                    let values = self.marked()?;
                    self.stack.push(tuple(values));
                }
                count @ 0x85..=0x87 => {
                    let values = self.popped(usize::from(count - 0x84))?;
                    self.stack.push(tuple(values));
                }
                b's' => {
                    let pair = self.popped(2)?;
                    self.insert(pair)?;
                }
                b'u' => {
                    let pairs = self.marked()?;
                    self.insert(pairs)?;
                }
                b'a' | b'b' => drop(self.pop()?),
                b'e' => drop(self.marked()?),
                b'Q' => self.persistent()?,
                b'R' | 0x81 => self.call()?,
                b'q' => {
                    let place = self.byte()?.into();
                    self.remember(place)?;
                }
                b'r' => {
                    let place = u32::from_le_bytes(self.array()?);
                    self.remember(place)?;
                }
                0x94 => self.remember(self.memo.len() as u32)?,
                b'h' => {
                    let place = self.byte()?.into();
                    self.recall(place)?;
                }
                b'j' => {
                    let place = u32::from_le_bytes(self.array()?);
                    self.recall(place)?;
                }
                other => return Err(damaged(&format!("the instruction {other:#x} is none that weights need"))),
            }
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], ArrayError> {
        let end = self.at.checked_add(count).filter(|&end| end <= self.bytes.len());
        let end = end.ok_or_else(|| damaged("it ends early"))?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ArrayError> {
        Ok(*self.take(N)?.first_chunk().expect("so many were taken"))
    }

    fn byte(&mut self) -> Result<u8, ArrayError> {
        Ok(self.array::<1>()?[0])
    }

    fn line(&mut self) -> Result<&'a str, ArrayError> {
        let length = self.bytes[self.at..].iter().position(|&byte| byte == b'\n');
        let line = self.take(length.ok_or_else(|| damaged("it ends early"))?)?;
        self.at += 1;
        str::from_utf8(line).map_err(|_| damaged("a name that is no text"))
    }

    fn text(&mut self, length: usize) -> Result<(), ArrayError> {
        let text = str::from_utf8(self.take(length)?).map_err(|_| damaged("text that is none"))?;
        self.stack.push(Value::Text(text.into()));
        Ok(())
    }

    /// A whole number of any length; only those of 64 bits are wanted.
    fn long(&mut self) -> Result<(), ArrayError> {
        let length = self.byte()?.into();
        let bytes = self.take(length)?;
        let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
        let mut number = [if negative { 0xff } else { 0 }; 8];
        let value = match number.get_mut(..length) {
            Some(place) => {
                place.copy_from_slice(bytes);
                Value::Integer(i64::from_le_bytes(number))
            }
            None => Value::Other,
        };
        self.stack.push(value);
        Ok(())
    }

    fn pop(&mut self) -> Result<Value, ArrayError> {
        // What is below a mark belongs to something else.
        let floor = self.marks.last().copied().unwrap_or(0);
        let value = if self.stack.len() > floor { self.stack.pop() } else { None };
        value.ok_or_else(|| damaged("a value is missing"))
    }

    fn popped(&mut self, count: usize) -> Result<Vec<Value>, ArrayError> {
        let mut values = (0..count).map(|_| self.pop()).collect::<Result<Vec<_>, _>>()?;
        values.reverse();
        Ok(values)
    }

    fn marked(&mut self) -> Result<Vec<Value>, ArrayError> {
        let mark = self.marks.pop().ok_or_else(|| damaged("a mark is missing"))?;
        Ok(self.stack.split_off(mark))
    }

    /// Keys and values in turn, into the dictionary below them.
    fn insert(&mut self, pairs: Vec<Value>) -> Result<(), ArrayError> {
        match self.stack.last_mut() {
            Some(Value::Dictionary(entries)) => {
                let mut pairs = pairs.into_iter();
                while let (Some(key), Some(value)) = (pairs.next(), pairs.next()) {
                    entries.push((held(key), held(value)));
                }
                Ok(())
            }
            Some(Value::Other) => Ok(()),
            _ => Err(damaged("entries of no dictionary")),
        }
    }

    fn remember(&mut self, place: u32) -> Result<(), ArrayError> {
        let value = match self.stack.last() {
            Some(Value::Dictionary(_)) => Value::Other,
            Some(value) => value.clone(),
            None => return Err(damaged("a value is missing")),
        };
        self.memo.insert(place, value);
        Ok(())
    }

    fn recall(&mut self, place: u32) -> Result<(), ArrayError> {
        let value = self.memo.get(&place).cloned().ok_or_else(|| damaged("a value is missing"))?;
        self.stack.push(value);
        Ok(())
    }

    /// `("storage", class, key, device, count)`.
    fn persistent(&mut self) -> Result<(), ArrayError> {
        let value = self.pop()?;
        let Value::Tuple(parts, _) = &value else { return Err(damaged("a storage that is none")) };
        let [Value::Text(kind), Value::Global(class), Value::Text(key), _, Value::Integer(count)] = &parts[..] else {
            return Err(damaged("a storage that is none"));
        };
        let count = usize::try_from(*count).map_err(|_| damaged("a storage of less than no numbers"))?;
        if **kind != *"storage" {
            return Err(damaged("a storage that is none"));
        }
        let storage = Storage { class: class.clone(), key: key.clone(), count };
        self.stack.push(Value::Storage(Rc::new(storage)));
        Ok(())
    }

    /// A function with its arguments.
    fn call(&mut self) -> Result<(), ArrayError> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let Value::Tuple(arguments, _) = arguments else { return Err(damaged("a call without arguments")) };
        let Value::Global(name) = function else { return Err(damaged("a call of no function")) };
        let value = match &*name {
            "collections.OrderedDict" if arguments.is_empty() => Value::Dictionary(Vec::new()),
            "torch._utils._rebuild_tensor_v2" => Value::Tensor(Rc::new(view(&arguments)?)),
            "torch._utils._rebuild_parameter" => arguments.first().cloned().unwrap_or(Value::Other),
            _ => Value::Other,
        };
        self.stack.push(value);
        Ok(())
    }
}

/// A value as a tuple or a dictionary holds it.
fn held(value: Value) -> Value {
    if let Value::Dictionary(_) = value { Value::Other } else { value }
}

fn tuple(values: Vec<Value>) -> Value {
    let depth = |value: &Value| if let Value::Tuple(_, depth) = value { depth + 1 } else { 1 };
    match values.iter().map(depth).max().unwrap_or(0) {
        depth if depth > DEEPEST => Value::Other,
        depth => Value::Tuple(values.into_iter().map(held).collect(), depth),
    }
}

/// `(storage, offset, shape, strides, …)`.
fn view(arguments: &[Value]) -> Result<View, ArrayError> {
    let wrong = || damaged("a tensor that is none");
    let size = |value: &Value| match value {
        Value::Integer(number) => usize::try_from(*number).map_err(|_| wrong()),
        _ => Err(wrong()),
    };
    let sizes = |value: &Value| match value {
        Value::Tuple(values, _) => values.iter().map(size).collect::<Result<Vec<usize>, _>>(),
        _ => Err(wrong()),
    };
    let [Value::Storage(storage), offset, shape, strides, ..] = arguments else { return Err(wrong()) };
    let view = View { storage: storage.clone(), offset: size(offset)?, shape: sizes(shape)?, strides: sizes(strides)? };
    if view.shape.len() == view.strides.len() { Ok(view) } else { Err(wrong()) }
}
