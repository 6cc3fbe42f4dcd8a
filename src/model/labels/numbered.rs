//! Lines with an index: `0 cat`, `0: cat`, `0,"cat"`, `[0] cat`, or behind the name.

use std::collections::HashSet;

/// What may stand between an index and a name.
const SEPARATORS: [char; 13] = [',', ';', ':', '\t', '|', '=', '-', '>', '→', '.', ')', ']', ' '];

/// Name and index of every line, if all of them have both and the numbers can only be indices: they
/// count from 0 or 1 without a gap, and the rest of the lines is still distinct (`1 euro`, `2 euro`
/// are names).
pub(crate) fn split(lines: &[&str]) -> Option<Vec<(u64, String)>> {
    [before as fn(&str) -> Option<(u64, String)>, behind].into_iter().find_map(|split| {
        let named: Vec<(u64, String)> =
            lines.iter().map(|line| split(line)).collect::<Option<_>>()?;
        are_indices(&named).then_some(named)
    })
}

/// Two lines may share a name, as ImageNet's two cranes do, if few do.
fn are_indices(named: &[(u64, String)]) -> bool {
    let indices: HashSet<u64> = named.iter().map(|(index, _)| *index).collect();
    let names: HashSet<&str> = named.iter().map(|(_, name)| name.as_str()).collect();
    let (Some(least), Some(most)) = (indices.iter().min(), indices.iter().max()) else {
        return false;
    };
    let counts = *least <= 1 && most - least + 1 == named.len() as u64;
    counts && indices.len() == named.len() && names.len() * 10 >= named.len() * 9
}

fn before(line: &str) -> Option<(u64, String)> {
    let bare = line.trim_start_matches(['[', '(', '#', '"']);
    let digits = bare.bytes().take_while(u8::is_ascii_digit).count();
    let (index, rest) = bare.split_at(digits);
    // `"0","cat"` has two pairs of quotes, `"0 cat"` one.
    let rest = match (line.starts_with('"'), rest.strip_prefix('"')) {
        (true, Some(rest)) => rest,
        (true, None) => rest.strip_suffix('"').unwrap_or(rest),
        (false, _) => rest,
    };
    // One, so that `0___background__` keeps its own.
    let name = rest.strip_prefix('_').unwrap_or_else(|| rest.trim_start_matches(SEPARATORS));
    pair(index, rest, name)
}

fn behind(line: &str) -> Option<(u64, String)> {
    let line = line.trim_end_matches([']', ')', '"']);
    let digits = line.bytes().rev().take_while(u8::is_ascii_digit).count();
    let (rest, index) = line.split_at(line.len() - digits);
    let rest = rest.strip_suffix(['(', '[', '"']).unwrap_or(rest);
    pair(index, rest, rest.trim_end_matches(SEPARATORS))
}

/// A number that a separator parts from a name.
fn pair(index: &str, rest: &str, name: &str) -> Option<(u64, String)> {
    let name = unquoted(name.trim());
    let is_parted = name.len() < rest.len() && !name.is_empty();
    let is_name = name.chars().any(char::is_alphanumeric);
    let index = index.parse().ok().filter(|_| is_parted && is_name)?;
    Some((index, name.replace("\"\"", "\"")))
}

fn unquoted(text: &str) -> &str {
    let inside = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inside('"').or_else(|| inside('\'')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_separator_parts_index_and_name() {
        let forms = [
            "# NAME",
            "#  NAME",
            "#\tNAME",
            "#: NAME",
            "#:NAME",
            "#, NAME",
            "#,NAME",
            "#;NAME",
            "#|NAME",
            "# = NAME",
            "# - NAME",
            "# -> NAME",
            "#=>NAME",
            "#_NAME",
            "#) NAME",
            "#. NAME",
            "[#] NAME",
            "(#) NAME",
            "#,\"NAME\"",
            "\"#\",\"NAME\"",
            "NAME,#",
            "NAME\t#",
            "NAME: #",
            "NAME (#)",
            "\"NAME\",\"#\"",
        ];
        let names = ["T-shirt/top", "Trouser, long", "Pullover"];
        for form in forms {
            let lines: Vec<String> = (0..)
                .zip(names)
                .map(|(index, name)| form.replace('#', &index.to_string()).replace("NAME", name))
                .collect();
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let named = split(&lines).unwrap_or_else(|| panic!("{form}"));
            let expected: Vec<_> = (0..).zip(names.map(str::to_owned)).collect();
            assert_eq!(named, expected, "{form}");
        }
    }

    #[test]
    fn numbers_that_belong_to_names_stay_in_them() {
        for lines in [
            &["1 euro", "2 euro"][..],
            &["0", "1", "2"],
            &["10 euro", "20 euro"],
            &["7up", "cola"],
            &["vehicle 1", "vehicle 2"],
            &["0 cat", "dog"],
            &["0 cat", "2 dog"],
        ] {
            assert_eq!(split(lines), None, "{lines:?}");
        }
    }
}
