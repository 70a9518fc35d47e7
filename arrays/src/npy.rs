//! NumPy's `.npy`: a head and the numbers.
//!
//! Read here rather than by a crate: those that read it bring a parser of Python's literals, twelve crates and two minutes of
//! building, for a head of three known keys. <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>

use crate::{Array, ArrayError, Header, Kind, Number};

const MAGIC: &[u8] = b"\x93NUMPY";

/// The most bytes of a head that is believed.
pub(crate) const LONGEST_HEAD: usize = 1 << 16;

/// A head, and where the numbers begin.
struct Head<'a> {
    kind: Kind,
    swapped: bool,
    by_columns: bool,
    shape: Vec<usize>,
    data: &'a [u8],
}

/// The array of a file's bytes.
pub(crate) fn parse<T: Number>(bytes: &[u8]) -> Result<Array<T>, ArrayError> {
    let Head { kind, swapped, by_columns, shape, data } = head(bytes)?;
    let values = kind.read(swapped, data)?;
    let count = shape.iter().try_fold(1usize, |count, &side| count.checked_mul(side));
    if count != Some(values.len()) {
        let needed = count.map_or("more than any memory holds".into(), |count| count.to_string());
        return Err(ArrayError::new(format!("holds {} numbers, but its shape {shape:?} needs {needed}", values.len())));
    }
    let array = Array { are_bytes: kind == Kind::Unsigned(1), shape, values };
    Ok(if by_columns { array.by_rows() } else { array })
}

/// What the first bytes of a file say.
pub(crate) fn header(bytes: &[u8]) -> Result<Header, ArrayError> {
    let Head { kind, shape, .. } = head(bytes)?;
    Ok(Header { shape, are_bytes: kind == Kind::Unsigned(1) })
}

fn head(bytes: &[u8]) -> Result<Head<'_>, ArrayError> {
    let short = || ArrayError::new("ends within its head");
    let rest =
        bytes.strip_prefix(MAGIC).ok_or_else(|| ArrayError::new("is no .npy: it does not begin with \\x93NUMPY"))?;
    let (version, rest) = rest.split_at_checked(2).ok_or_else(short)?;
    let (length, rest) = match version[0] {
        1 => rest.split_first_chunk::<2>().map(|(length, rest)| (u16::from_le_bytes(*length) as usize, rest)),
        2 | 3 => rest.split_first_chunk::<4>().map(|(length, rest)| (u32::from_le_bytes(*length) as usize, rest)),
        other => return Err(ArrayError::new(format!("has version {other} of the format; 1, 2 and 3 are read"))),
    }
    .ok_or_else(short)?;
    let (head, data) = rest.split_at_checked(length).ok_or_else(short)?;
    let head = std::str::from_utf8(head).map_err(|_| ArrayError::new("has a head that is no text"))?;
    let missing = |key: &str| ArrayError::new(format!("has a head without {key}: {}", head.trim()));
    let descr = value(head, "descr").ok_or_else(|| missing("descr"))?;
    let by_columns = value(head, "fortran_order").ok_or_else(|| missing("fortran_order"))?.starts_with("True");
    let shape = value(head, "shape").and_then(shape).ok_or_else(|| missing("shape"))?;
    let name = descr.split(['\'', '"']).nth(1).filter(|_| descr.starts_with(['\'', '"'])).unwrap_or(descr);
    let kind = kind(name.trim_start_matches(['<', '>', '|', '='])).ok_or_else(|| {
        ArrayError::new(format!("has the type {name}; whole numbers, and floats of 16, 32 and 64 bits are read"))
    })?;
    Ok(Head { kind, swapped: name.starts_with('>'), by_columns, shape, data })
}

/// A type without its byte order, such as `f4`.
fn kind(name: &str) -> Option<Kind> {
    let size = name.get(1..)?.parse().ok()?;
    match (name.as_bytes()[0], size) {
        (b'b', 1) => Some(Kind::Bool),
        (b'u', 1 | 2 | 4 | 8) => Some(Kind::Unsigned(size)),
        (b'i', 1 | 2 | 4 | 8) => Some(Kind::Signed(size)),
        (b'f', 2 | 4 | 8) => Some(Kind::Float(size)),
        _ => None,
    }
}

/// What stands after a key of the head.
fn value<'a>(head: &'a str, key: &str) -> Option<&'a str> {
    let at = head.find(&format!("'{key}'")).or_else(|| head.find(&format!("\"{key}\"")))?;
    Some(head[at + key.len() + 2..].trim_start().strip_prefix(':')?.trim_start())
}

/// `(3, 4)`, `(3,)` or `()`.
fn shape(text: &str) -> Option<Vec<usize>> {
    let (inside, _) = text.strip_prefix('(')?.split_once(')')?;
    inside.split(',').map(str::trim).filter(|side| !side.is_empty()).map(|side| side.parse().ok()).collect()
}

/// The bytes of a file.
pub fn bytes<T: Number>(array: &Array<T>) -> Vec<u8> {
    let sides: Vec<String> = array.shape.iter().map(usize::to_string).collect();
    let comma = if sides.len() == 1 { "," } else { "" };
    let kind = T::KIND;
    let text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({}{comma}), }}", sides.join(", "));
    let length = (10 + text.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = [MAGIC, b"\x01\0", &(length as u16).to_le_bytes()].concat();
    bytes.extend(format!("{text:<0$}\n", length - 1).bytes());
    for value in &array.values {
        match kind {
            "<f4" => bytes.extend((value.double() as f32).to_le_bytes()),
            _ => bytes.extend(value.double().to_le_bytes()),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with a head of Python's making.
    fn file(version: u8, head: &str, data: &[u8]) -> Vec<u8> {
        let length = match version {
            1 => (head.len() as u16).to_le_bytes().to_vec(),
            _ => (head.len() as u32).to_le_bytes().to_vec(),
        };
        [MAGIC, &[version, 0], &length, head.as_bytes(), data].concat()
    }

    #[test]
    fn what_is_written_is_read() {
        let array = Array::new([2, 3], vec![0.5, -1e300, 0.0, 1.0, 2.0, 1e-300]);
        assert_eq!(parse(&bytes(&array)).unwrap(), array);
        assert_eq!(bytes(&array).len(), 128 + 48);
        let line = Array::new([2], vec![1.0f32, 2.0]);
        assert_eq!(parse(&bytes(&line)).unwrap(), line);
    }

    #[test]
    fn orders_and_versions_of_numpy_are_read() {
        let columns = "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3), }\n";
        let data: Vec<u8> = [1i16, 4, 2, 5, 3, 6].iter().flat_map(|x| x.to_le_bytes()).collect();
        assert_eq!(parse::<f64>(&file(1, columns, &data)).unwrap().values, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let swapped = "{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }\n";
        assert_eq!(parse::<f64>(&file(2, swapped, &1.5f32.to_be_bytes())).unwrap().values, [1.5]);
        let pixels = "{'descr': '|u1', 'fortran_order': False, 'shape': (), }\n";
        let pixel = parse::<f64>(&file(3, pixels, &[200])).unwrap();
        assert_eq!((pixel.shape.len(), pixel.values[0], pixel.are_bytes), (0, 200.0, true));
        // The numbers need not be there for the head.
        assert_eq!(header(&file(1, columns, &[])).unwrap(), Header { shape: vec![2, 3], are_bytes: false });
    }

    #[test]
    fn damaged_files_are_refused_with_what_is_wrong() {
        let head = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n";
        for (bytes, message) in [
            (b"PK\x03\x04".to_vec(), "is no .npy"),
            (file(1, head, &[0; 8]), "holds 1 numbers, but its shape [2] needs 2"),
            (file(1, head, &[0; 15]), "ends within a number"),
            (file(1, head, &[])[..20].to_vec(), "ends within its head"),
            (file(9, head, &[]), "has version 9"),
            (file(1, &head.replace("<f8", "|O"), &[]), "has the type |O"),
            (file(1, &head.replace("<f8", "<U3"), &[]), "has the type <U3"),
            (file(1, &head.replace("'<f8'", "[('a', '<f8')]"), &[]), "has the type [('a'"),
            (file(1, &head.replace("shape", "sahpe"), &[]), "has a head without shape"),
            (file(1, &head.replace("(2,)", "(4294967296, 4294967296)"), &[]), "more than any memory"),
        ] {
            let error = parse::<f64>(&bytes).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }
}
