//! Python's text of dicts, lists, tuples, strings, numbers and constants, as exporters
//! write it into models with `str(value)`.
//!
//! Source: docs.python.org, `repr` of the built-in types and
//! "String and Bytes literals" of the language reference.

use serde_json::{Map, Number, Value};

/// Nested deeper than this, it is not what an exporter writes.
const MAX_DEPTH: usize = 32;

/// Reads a literal. Keys of dicts become texts, so that `{0: 'a'}` is `{"0": "a"}`.
#[must_use]
pub fn read(text: &str) -> Option<Value> {
    let mut reader = Reader { rest: text, depth: 0 };
    let value = reader.value()?;
    reader.skip_space();
    reader.rest.is_empty().then_some(value)
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, expected: char) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(expected) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self) -> Option<Value> {
        self.skip_space();
        match self.rest.chars().next()? {
            '{' => self.nested(Self::dict),
            '[' => self.nested(|reader| reader.list(']')),
            '(' => self.nested(|reader| reader.list(')')),
            '\'' | '"' => self.string().map(Value::String),
            _ => self.word(),
        }
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Option<Value>) -> Option<Value> {
        self.rest = self.rest.get(1..)?;
        self.depth += 1;
        let value = (self.depth <= MAX_DEPTH).then(|| read(self)).flatten();
        self.depth -= 1;
        value
    }

    fn list(&mut self, end: char) -> Option<Value> {
        let mut list = Vec::new();
        while !self.take(end) {
            list.push(self.value()?);
            if !self.take(',') {
                return self.take(end).then_some(Value::Array(list));
            }
        }
        Some(Value::Array(list))
    }

    fn dict(&mut self) -> Option<Value> {
        let mut map = Map::new();
        while !self.take('}') {
            let key = match self.value()? {
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                _ => return None,
            };
            let value = self.take(':').then(|| self.value()).flatten()?;
            map.insert(key, value);
            if !self.take(',') {
                return self.take('}').then_some(Value::Object(map));
            }
        }
        Some(Value::Object(map))
    }

    fn string(&mut self) -> Option<String> {
        let quote = self.rest.chars().next()?;
        let mut text = String::new();
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => match characters.next()?.1 {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'r' => text.push('\r'),
                    'x' => text.push(code(&mut characters, 2)?),
                    'u' => text.push(code(&mut characters, 4)?),
                    'U' => text.push(code(&mut characters, 8)?),
                    plain => text.push(plain),
                },
                end if end == quote => {
                    self.rest = &self.rest[at + end.len_utf8()..];
                    return Some(text);
                }
                plain => text.push(plain),
            }
        }
        None
    }

    /// A number or a constant.
    fn word(&mut self) -> Option<Value> {
        let end = self.rest.find([',', ']', ')', '}', ':']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(match word.trim() {
            "None" => Value::Null,
            "True" => Value::Bool(true),
            "False" => Value::Bool(false),
            number => match number.parse::<i64>() {
                Ok(whole) => Value::Number(whole.into()),
                Err(_) => Value::Number(Number::from_f64(number.parse().ok()?)?),
            },
        })
    }
}

/// A character by its number in hexadecimal digits.
fn code(characters: &mut impl Iterator<Item = (usize, char)>, digits: usize) -> Option<char> {
    let mut number = 0;
    for _ in 0..digits {
        number = number * 16 + characters.next()?.1.to_digit(16)?;
    }
    char::from_u32(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_what_python_writes() {
        for (text, expected) in [
            ("{0: 'a', 1: \"b's\"}", json!({"0": "a", "1": "b's"})),
            ("[224, 224]", json!([224, 224])),
            ("(1, -2.5, 1e3,)", json!([1, -2.5, 1000.0])),
            (
                "{'a': None, 'b': [True, False], 'c': {}}",
                json!({"a": null, "b": [true, false], "c": {}}),
            ),
            (r"'caf\xe9 \u00e9 \\ \' \n'", json!("caf\u{e9} \u{e9} \\ ' \n")),
            (" [ ] ", json!([])),
        ] {
            assert_eq!(read(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "{",
            "[1",
            "[1 2]",
            "{1}",
            "{[1]: 2}",
            "'a",
            "a",
            "[1] x",
            "{1: }",
            "'\\x4'",
            "'\\U00110000'",
            "1e999",
            "__import__('os')",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&"[".repeat(100_000)), None);
        assert_eq!(read(&format!("{}{}", "[".repeat(40), "]".repeat(40))), None);
    }
}
