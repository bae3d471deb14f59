use super::customer::{ReadError, Reading, read, reading};
use super::*;

fn bytes(class: Option<SerializerClass>, payload: Payload<'_>) -> Result<Option<Vec<u8>>, SerializeError> {
    let mut out = vec![0xee; 3];
    let length = serialize(class, payload, Wanted::Bytes, &mut out)?;
    let counted = serialize(class, payload, Wanted::Length, &mut Vec::new());
    assert_eq!(counted, Ok(length), "the length does not depend on what is wanted");
    Ok(length.map(|length| {
        assert_eq!(out.len(), length as usize);
        out
    }))
}

fn by(class: SerializerClass, text: &str) -> Vec<u8> {
    bytes(Some(class), Payload::Text(text)).expect("readable").expect("not null")
}

fn customer(id: i64, name: Option<&'static str>, layout: Decode) -> Vec<u8> {
    bytes(None, Payload::Customer { id, name, layout }).expect("fits").expect("not null")
}

/// Kafka's serializers: UTF-8, big-endian numbers, a UUID as its text.
#[test]
fn texts_become_bytes_of_the_serializers_type() {
    assert_eq!(by(SerializerClass::String, "é"), [0xc3, 0xa9]);
    assert_eq!(by(SerializerClass::ByteArray, "ab"), b"ab");
    assert_eq!(by(SerializerClass::ByteBuffer, "ab"), b"ab");
    assert_eq!(by(SerializerClass::Integer, "42"), [0, 0, 0, 42]);
    assert_eq!(by(SerializerClass::Integer, "-1"), [0xff; 4]);
    assert_eq!(by(SerializerClass::Long, "42"), [0, 0, 0, 0, 0, 0, 0, 42]);
    assert_eq!(by(SerializerClass::Double, "1.5"), [0x3f, 0xf8, 0, 0, 0, 0, 0, 0]);
    let uuid = "123E4567-e89b-12d3-a456-426614174000";
    assert_eq!(by(SerializerClass::Uuid, uuid), uuid.to_lowercase().as_bytes());
    assert_eq!(by(SerializerClass::Json, r#"{"id": 1}"#), br#"{"id": 1}"#);
}

/// `scenario-format.md`: what fits the text or value where no serializer is configured.
#[test]
fn without_a_serializer_the_fitting_one_is_taken() {
    assert_eq!(bytes(None, Payload::Text("42")), Ok(Some(b"42".to_vec())));
    assert_eq!(bytes(None, Payload::Opaque(5)), Ok(Some(vec![0; 5])));
    assert_eq!(bytes(None, Payload::Json("[1]")), Ok(Some(b"[1]".to_vec())));
    assert_eq!(customer(1, Some("ab"), Decode::CustomerV1), [0, 0, 0, 1, 0, 0, 0, 2, b'a', b'b']);
}

/// Null stays null under every serializer; Void takes nothing else.
#[test]
fn null_is_no_bytes_at_all() {
    for class in
        [None, Some(SerializerClass::Integer), Some(SerializerClass::Void), Some(SerializerClass::Json)]
    {
        assert_eq!(bytes(class, Payload::Null), Ok(None));
    }
    assert!(bytes(Some(SerializerClass::Void), Payload::Text("")).is_err());
}

/// `producer.md 1`, step 3: a text that is not of the type throws `SerializationException`.
#[test]
fn what_cannot_be_read_is_a_serialization_exception() {
    for (class, text) in [
        (SerializerClass::Integer, "forty-two"),
        (SerializerClass::Integer, "2147483648"),
        (SerializerClass::Long, "4.2"),
        (SerializerClass::Double, "1,5"),
        (SerializerClass::Uuid, "123e4567-e89b-12d3-a456_426614174000"),
        (SerializerClass::Json, "{\"id\": }"),
    ] {
        let error = bytes(Some(class), Payload::Text(text)).expect_err(text);
        assert_eq!(error, SerializeError::Unreadable { class, text: text.to_owned() });
        assert_eq!(error.exception(), Exception::SerializationException);
    }
}

/// `producer.md 1`, step 3: an object of another class is a `ClassCastException`, rewrapped as `SerializationException`.
#[test]
fn the_wrong_class_of_object_is_one_too() {
    let customer = Payload::Customer { id: 1, name: None, layout: Decode::CustomerV1 };
    for (class, payload, given) in [
        (SerializerClass::Integer, Payload::Opaque(4), "byte[]"),
        (SerializerClass::String, customer, "Customer"),
        (SerializerClass::Customer, Payload::Text("1"), "String"),
        (SerializerClass::Void, Payload::Opaque(0), "byte[]"),
    ] {
        let error = bytes(Some(class), payload).expect_err(given);
        assert_eq!(error, SerializeError::ClassCast { class, given });
        assert_eq!(error.exception(), Exception::SerializationException);
    }
}

/// Only the length of opaque bytes is needed most of the time: nothing is written then.
#[test]
fn opaque_bytes_are_written_only_when_wanted() {
    let mut out = Vec::new();
    for class in [None, Some(SerializerClass::ByteArray), Some(SerializerClass::String)] {
        assert_eq!(serialize(class, Payload::Opaque(u32::MAX), Wanted::Length, &mut out), Ok(Some(u32::MAX)));
    }
    assert_eq!(out.capacity(), 0);
}

/// `scenarios.md 10.2`: value sizes v1 17, v2 21 bytes for a name of three Hangul syllables; JSON 28 for a two-digit id.
#[test]
fn a_customer_in_every_layout() {
    assert_eq!(customer(1, Some("홍길동"), Decode::CustomerV1).len(), 17);
    assert_eq!(customer(1, Some("홍길동"), Decode::CustomerV2).len(), 21);
    let payload = Payload::Customer { id: 12, name: Some("홍길동"), layout: Decode::CustomerV1 };
    let json = bytes(Some(SerializerClass::Json), payload).expect("JSON").expect("not null");
    assert_eq!((json.len(), json), (28, "{\"id\":12,\"name\":\"홍길동\"}".as_bytes().to_vec()));
}

/// The book's 3.5: a null name has length 0, and an id beyond int32 has no place in version 1.
#[test]
fn customers_at_the_limits() {
    assert_eq!(customer(7, None, Decode::CustomerV1), [0, 0, 0, 7, 0, 0, 0, 0]);
    let too_large = Payload::Customer { id: 1 << 31, name: None, layout: Decode::CustomerV1 };
    assert!(bytes(None, too_large).is_err());
    assert_eq!(customer(1 << 31, None, Decode::CustomerV2)[..8], (1i64 << 31).to_be_bytes());
}

#[test]
fn what_was_written_in_a_layout_is_read_in_it() {
    for layout in [Decode::CustomerV1, Decode::CustomerV2] {
        for (id, name) in [(0, Some("")), (-3, None), (i64::from(i32::MAX), Some("홍길동"))] {
            let bytes = customer(id, name, layout);
            let got = read(layout, &bytes).expect("its own layout");
            assert_eq!((got.id, &*got.name), (id, name.unwrap_or_default()));
            assert_eq!(reading(&bytes, Some(layout), layout), Reading::Right);
        }
    }
}

/// `scenarios.md 10.2`: ids 1 to 20 in version 2 before a reader of version 1: 1 to 13 read wrong without an error (id 0,
/// a name of `id` bytes that begin with 00 00 00 09), 14 to 20 throw (length beyond the 13 bytes left).
#[test]
fn an_old_reader_before_a_wider_id() {
    let values: Vec<Vec<u8>> = (1..=20).map(|id| customer(id, Some("홍길동"), Decode::CustomerV2)).collect();
    let readings: Vec<Reading> =
        values.iter().map(|bytes| reading(bytes, Some(Decode::CustomerV2), Decode::CustomerV1)).collect();
    assert_eq!(readings[..13], [Reading::Wrong; 13]);
    assert_eq!(readings[13..], [Reading::Failed; 7]);
    let thirteenth = read(Decode::CustomerV1, &values[12]).expect("it fits by accident");
    assert_eq!(thirteenth.id, 0);
    assert!(thirteenth.name.starts_with("\0\0\0\t"));
    assert_eq!(read(Decode::CustomerV1, &values[13]), Err(ReadError::NameLength { length: 14, left: 13 }));
}

/// The new reader before old values: it takes the length for half of the id, and the name for a length.
#[test]
fn a_new_reader_before_a_narrow_id() {
    let old = customer(1, Some("홍길동"), Decode::CustomerV1);
    assert_eq!(reading(&old, Some(Decode::CustomerV1), Decode::CustomerV2), Reading::Failed);
    let nameless = customer(1, None, Decode::CustomerV1);
    assert_eq!(read(Decode::CustomerV2, &nameless), Err(ReadError::TooShort { bytes: 8, header: 12 }));
}

#[test]
fn what_is_no_customer_is_never_read_right() {
    assert_eq!(reading(&[0; 8], None, Decode::CustomerV1), Reading::Wrong);
    assert_eq!(reading(b"text", None, Decode::CustomerV1), Reading::Failed);
}
