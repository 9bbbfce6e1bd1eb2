//! Fields of protocol buffers, as many as event files and ONNX have.

/// Seven bits a byte, the lowest first.
fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = vec![];
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A whole number.
pub fn whole(number: u8, value: u64) -> Vec<u8> {
    [tag(number, 0), varint(value)].concat()
}

/// A number in double precision.
pub fn double(number: u8, value: f64) -> Vec<u8> {
    [tag(number, 1).as_slice(), &value.to_le_bytes()].concat()
}

/// A number in single precision.
pub fn single(number: u8, value: f32) -> Vec<u8> {
    [tag(number, 5).as_slice(), &value.to_le_bytes()].concat()
}

/// Bytes, a text or a message.
pub fn bytes(number: u8, value: &[u8]) -> Vec<u8> {
    [tag(number, 2), varint(value.len() as u64), value.to_vec()].concat()
}

fn tag(number: u8, wire: u8) -> Vec<u8> {
    varint(u64::from(number) << 3 | u64::from(wire))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_written_as_published() {
        // The examples of the encoding's own documentation: 150 in field 1, "testing" in field 2.
        assert_eq!(whole(1, 150), [0x08, 0x96, 0x01]);
        assert_eq!(bytes(2, b"testing"), b"\x12\x07testing");
        assert_eq!(whole(20, 1), [0xa0, 0x01, 0x01]);
        assert_eq!(single(2, 1.0), [0x15, 0, 0, 0x80, 0x3f]);
    }
}
