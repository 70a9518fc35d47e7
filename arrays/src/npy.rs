//! NumPy's `.npy`: a head and the numbers.
//!
//! Read here rather than by a crate: those that read it bring a parser of Python's literals, twelve crates and two minutes of
//! building, for a head of three known keys. <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>

use crate::{Array, ArrayError, Header, Kind, Number, Texts};

const MAGIC: &[u8] = b"\x93NUMPY";

/// The most bytes of a head that is believed.
pub(crate) const LONGEST_HEAD: usize = 1 << 16;

/// A head, and where the numbers begin.
struct Head<'a> {
    /// The type as NumPy names it, such as `<f4`.
    name: &'a str,
    by_columns: bool,
    shape: Vec<usize>,
    data: &'a [u8],
}

/// The array of a file's bytes.
pub(crate) fn parse<T: Number>(bytes: &[u8]) -> Result<Array<T>, ArrayError> {
    let Head { name, by_columns, shape, data } = head(bytes)?;
    let kind = kind(name)?;
    let values = kind.read(name.starts_with('>'), data)?;
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
    let Head { name, shape, .. } = head(bytes)?;
    Ok(Header { are_bytes: kind(name)? == Kind::Unsigned(1), shape })
}

/// The texts of a file's bytes, which NumPy keeps in cells of one length; none if it holds something else.
pub(crate) fn texts(bytes: &[u8]) -> Result<Option<Texts>, ArrayError> {
    let Head { name, by_columns, shape, data } = head(bytes)?;
    let (is_wide, length) = match (name.trim_start_matches(ORDERS).split_at_checked(1), shape.len()) {
        (Some(("U", length)), _) => (true, length),
        (Some(("S", length)), _) => (false, length),
        _ => return Ok(None),
    };
    let length: usize = length.parse().map_err(|_| ArrayError::new(format!("has the type {name}")))?;
    let count = shape.iter().try_fold(1usize, |count, &side| count.checked_mul(side));
    let size = if is_wide { 4 * length } else { length };
    if length == 0
        || by_columns && shape.len() > 1
        || count.and_then(|count| count.checked_mul(size)) != Some(data.len())
    {
        return Err(ArrayError::new(format!("holds no texts of {length} letters in the shape {shape:?}")));
    }
    let letter = |bytes: &[u8; 4]| {
        let code = if name.starts_with('>') { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) };
        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
    };
    let text = |cell: &[u8]| match is_wide {
        true => cell.as_chunks::<4>().0.iter().map(letter).collect(),
        false => String::from_utf8_lossy(cell).into_owned(),
    };
    let texts = data.chunks(size).map(|cell| text(cell).trim_end_matches('\0').to_string()).collect();
    Ok(Some(Texts { shape, texts }))
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
    let name = match descr.find(']') {
        Some(end) if descr.starts_with('[') => &descr[..=end],
        _ => descr.split(['\'', '"']).nth(1).unwrap_or(descr),
    };
    Ok(Head { name, by_columns, shape, data })
}

/// What a type's name may begin with.
const ORDERS: [char; 4] = ['<', '>', '|', '='];

/// The type that a name such as `<f4` means.
fn kind(name: &str) -> Result<Kind, ArrayError> {
    let bare = name.trim_start_matches(ORDERS);
    let refuse = |problem: String| Err(ArrayError::new(problem));
    let size = bare.get(1..).and_then(|size| size.parse().ok());
    match (bare.as_bytes().first(), size) {
        (Some(b'b'), Some(1)) => Ok(Kind::Bool),
        (Some(b'u'), Some(size @ (1 | 2 | 4 | 8))) => Ok(Kind::Unsigned(size)),
        (Some(b'i'), Some(size @ (1 | 2 | 4 | 8))) => Ok(Kind::Signed(size)),
        (Some(b'f'), Some(size @ (2 | 4 | 8))) => Ok(Kind::Float(size)),
        (Some(b'O'), _) => {
            refuse("holds Python objects, which are not read; save numbers: array.astype('float32')".into())
        }
        (Some(b'c'), Some(_)) => refuse(format!(
            "has the type {name}, complex numbers; save their real and imaginary parts, as two channels or columns"
        )),
        (Some(b'['), _) => {
            refuse(format!("has the type {name}, records of several fields; save each field as an array"))
        }
        _ => refuse(format!(
            "has the type {name}; whole numbers, and floats of 16, 32 and 64 bits are read: save array.astype('float32')"
        )),
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
            (file(1, &head.replace("<f8", "|O"), &[]), "holds Python objects"),
            (file(1, &head.replace("<f8", "<c16"), &[]), "complex numbers; save their real"),
            (file(1, &head.replace("<f8", "<f16"), &[]), "has the type <f16; whole numbers"),
            (file(1, &head.replace("<f8", "<U3"), &[]), "has the type <U3"),
            (file(1, &head.replace("'<f8'", "[('a', '<f8')]"), &[]), "has the type [('a', '<f8')], records"),
            (file(1, &head.replace("shape", "sahpe"), &[]), "has a head without shape"),
            (file(1, &head.replace("(2,)", "(4294967296, 4294967296)"), &[]), "more than any memory"),
        ] {
            let error = parse::<f64>(&bytes).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn texts_are_read_in_both_of_their_types() {
        let wide = "{'descr': '<U3', 'fortran_order': False, 'shape': (2,), }\n";
        let letters: Vec<u8> = "cat\u{e9}\0\0".chars().flat_map(|letter| (letter as u32).to_le_bytes()).collect();
        let expected = |texts: [&str; 2]| Some(Texts { shape: vec![2], texts: texts.map(String::from).to_vec() });
        assert_eq!(texts(&file(1, wide, &letters)).unwrap(), expected(["cat", "\u{e9}"]));
        let narrow = wide.replace("<U3", "|S2");
        assert_eq!(texts(&file(1, &narrow, b"a\0bc")).unwrap(), expected(["a", "bc"]));
        assert_eq!(texts(&file(1, &wide.replace("<U3", "<f4"), &[0; 8])).unwrap(), None);
        assert!(texts(&file(1, wide, &letters[..20])).unwrap_err().to_string().contains("no texts of 3 letters"));
    }
}
