/// What a file says of an array before its numbers are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The shape.
    pub shape: Vec<usize>,
    /// Whether every number is a byte: pixels from 0 to 255.
    pub are_bytes: bool,
}
