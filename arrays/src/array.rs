use crate::Number;

/// An array of numbers with its shape, last dimension fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Array<T> {
    /// The shape.
    pub shape: Vec<usize>,
    /// The numbers.
    pub values: Vec<T>,
    /// Whether they were stored as bytes: pixels from 0 to 255.
    pub are_bytes: bool,
}

/// An array of texts with its shape, last dimension fastest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    /// The shape.
    pub shape: Vec<usize>,
    /// The texts.
    pub texts: Vec<String>,
}

impl<T: Number> Array<T> {
    /// Numbers of a shape.
    ///
    /// # Panics
    /// If they do not fill it.
    pub fn new(shape: impl Into<Vec<usize>>, values: Vec<T>) -> Self {
        let shape = shape.into();
        assert_eq!(shape.iter().product::<usize>(), values.len(), "numbers fill {shape:?}");
        Self { shape, values, are_bytes: false }
    }

    /// The same numbers, which had their first dimension fastest, as Fortran has it.
    pub(crate) fn by_rows(self) -> Self {
        let mut steps = vec![1; self.shape.len()];
        for side in 1..self.shape.len() {
            steps[side] = steps[side - 1] * self.shape[side - 1];
        }
        let place = |mut number: usize| {
            let mut place = 0;
            for (side, step) in self.shape.iter().zip(&steps).rev() {
                place += number % side * step;
                number /= side;
            }
            place
        };
        let values = (0..self.values.len()).map(|number| self.values[place(number)]).collect();
        Self { values, ..self }
    }
}
