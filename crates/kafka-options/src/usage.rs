//! The option table that jopt-simple prints (`BuiltinHelpFormatter`), and what it says of each option.

use crate::Takes;

/// The option table of a tool: its text, and the options in it.
#[derive(Debug)]
pub struct Usage {
    text: &'static str,
    options: Vec<(String, Takes)>,
}

impl Usage {
    /// Reads a table. Its first line is that of the headings, `Option` and `Description`; left of the descriptions stands `--name`
    /// for a flag, `--name <Type: value>` for an option with a value, `--name [Type: value]` for one whose value is optional.
    pub fn read(text: &'static str) -> Self {
        let column = text.lines().next().and_then(|heading| heading.find("Description")).unwrap_or(0);
        let mut options: Vec<String> = Vec::new();
        for line in text.lines().skip(2) {
            let left = line.get(..column).unwrap_or(line).trim_end();
            // jopt-simple marks an option that must be there.
            let left = left.strip_prefix("* ").unwrap_or(left);
            match options.last_mut() {
                _ if left.starts_with('-') => options.push(left.to_owned()),
                Some(last) if !left.is_empty() => last.push_str(left),
                _ => {}
            }
        }
        Usage { text, options: options.iter().flat_map(|left| option(left)).collect() }
    }

    /// The table.
    pub fn text(&self) -> &'static str {
        self.text
    }

    /// What the option of this name takes; `None` if there is none.
    pub fn takes(&self, name: &str) -> Option<Takes> {
        self.options.iter().find(|(known, _)| known == name).map(|(_, takes)| *takes)
    }
}

/// The names that stand left of a description, and what they take.
fn option(left: &str) -> Vec<(String, Takes)> {
    let takes = match left.chars().find(|c| "<[".contains(*c)) {
        Some('<') => Takes::Value,
        Some(_) => Takes::OptionalValue,
        None => Takes::Nothing,
    };
    let names = left.split(['<', '[']).next().unwrap_or_default();
    names.split(", ").map(|name| (name.trim().trim_start_matches('-').to_owned(), takes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_from_the_table() {
        let usage = Usage::read(
            "\
Option                                   Description                            
------                                   -----------                            
--alter                                  Alter the number of partitions and     
                                           --config is not an option here.      
--config <String: name=value>            A configuration:                       
                                         \tcleanup.policy                        
--key-decoder-class [String]             If set, used to deserialize the keys.  
--partition-size-limit-per-response      The maximum partition size to be       
  <Integer: maximum number of              included in one                      
  partitions per response>                 response.                            
-h, --help                               Print usage information.               
* --topic <String: topic>                The topic.                             
",
        );
        let found =
            ["alter", "config", "key-decoder-class", "partition-size-limit-per-response", "h", "help", "topic", "nope"]
                .map(|name| usage.takes(name));
        use Takes::{Nothing, OptionalValue, Value};
        let expected = [
            Some(Nothing),
            Some(Value),
            Some(OptionalValue),
            Some(Value),
            Some(Nothing),
            Some(Nothing),
            Some(Value),
            None,
        ];
        assert_eq!(found, expected);
    }
}
