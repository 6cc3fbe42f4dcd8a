//! Reading what a newer program wrote: unknown fields are ignored, even in types that refuse them
//! in a hand-written file.

use serde::de::value::Error as ListError;
use serde::de::{DeserializeOwned, Deserializer, Error, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

/// Removes the fields that `T`, a struct, does not have.
pub(crate) fn keep_known<T: DeserializeOwned>(fields: &mut Map<String, Value>) {
    let mut known: &[&str] = &[];
    // The error is how the list comes back; there is nothing to read.
    let _ = T::deserialize(FieldsOf(&mut known));
    fields.retain(|name, _| known.contains(&name.as_str()));
}

/// When a struct is requested, it notes the names of the fields.
struct FieldsOf<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for FieldsOf<'_> {
    type Error = ListError;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, ListError> {
        *self.0 = fields;
        Err(ListError::custom("only the names of the fields are requested"))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, ListError> {
        Err(ListError::custom("this type has no fields"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        option unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier
        ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Point {
        x: u32,
        #[serde(default, rename = "up")]
        y: u32,
    }

    #[test]
    fn what_a_struct_does_not_have_is_removed_and_the_rest_is_kept() {
        let mut fields = Map::new();
        for name in ["x", "up", "y", "z"] {
            fields.insert(name.into(), 7.into());
        }
        keep_known::<Point>(&mut fields);
        assert_eq!(fields.keys().collect::<Vec<_>>(), ["up", "x"]);
        let point = Point::deserialize(Value::Object(fields)).unwrap();
        assert_eq!((point.x, point.y), (7, 7));
    }
}
