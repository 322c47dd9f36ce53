//! `ssl.principal.mapping.rules`: from the name of a certificate to that of a user (`SslPrincipalMapper`).

use std::fmt;

use regex_lite::Regex;

/// Rules, the first of which that matches counts.
#[derive(Clone, Debug)]
pub struct MappingRules {
    text: String,
    rules: Vec<Rule>,
}

impl PartialEq for MappingRules {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for MappingRules {}

impl Default for MappingRules {
    fn default() -> Self {
        MappingRules { text: "DEFAULT".into(), rules: vec![Rule::Default] }
    }
}

#[derive(Clone, Debug)]
enum Rule {
    /// The whole name.
    Default,
    Pattern {
        pattern: Regex,
        replacement: String,
        case: Case,
    },
}

#[derive(Clone, Copy, Debug)]
enum Case {
    AsIs,
    Lower,
    Upper,
}

/// A rule that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// Where it begins.
    pub rule: String,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invalid rule in ssl.principal.mapping.rules: `{}`", self.rule)
    }
}

impl std::error::Error for RuleError {}

impl MappingRules {
    /// Reads `DEFAULT` and `RULE:pattern/replacement/[LU]`, separated by commas.
    ///
    /// # Errors
    /// For a text that is none of these.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let mut rules = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (rule, after) = parse_rule(rest).ok_or_else(|| RuleError { rule: rest.to_owned() })?;
            rules.push(rule);
            rest = after.trim_start();
            rest = match rest.strip_prefix(',') {
                Some(after) => after.trim_start(),
                None if rest.is_empty() => rest,
                None => return Err(RuleError { rule: rest.to_owned() }),
            };
        }
        if rules.is_empty() {
            return Ok(Self::default());
        }
        Ok(MappingRules { text: text.to_owned(), rules })
    }

    /// The user of a name; `None` if no rule matches.
    pub fn user_of(&self, name: &str) -> Option<String> {
        self.rules.iter().find_map(|rule| match rule {
            Rule::Default => Some(name.to_owned()),
            Rule::Pattern { pattern, replacement, case } => {
                // A rule is for whole names.
                let captures = pattern.captures(name)?;
                let mut user = String::new();
                expand(replacement, &captures, &mut user)?;
                Some(match case {
                    Case::AsIs => user,
                    Case::Lower => user.to_lowercase(),
                    Case::Upper => user.to_uppercase(),
                })
            }
        })
    }
}

/// The rule at the start of a text, and what follows it.
fn parse_rule(text: &str) -> Option<(Rule, &str)> {
    if let Some(rest) = text.strip_prefix("DEFAULT") {
        return Some((Rule::Default, rest));
    }
    let (pattern, rest) = until_slash(text.strip_prefix("RULE:")?)?;
    let (replacement, rest) = until_slash(rest)?;
    let (case, rest) = match rest.chars().next() {
        Some('L') => (Case::Lower, &rest[1..]),
        Some('U') => (Case::Upper, &rest[1..]),
        _ => (Case::AsIs, rest),
    };
    let pattern = Regex::new(&format!("^(?:{pattern})$")).ok()?;
    Some((Rule::Pattern { pattern, replacement: replacement.to_owned(), case }, rest))
}

/// The text before the next slash without a backslash in front of it, and what follows.
fn until_slash(text: &str) -> Option<(&str, &str)> {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '/' => return Some((&text[..at], &text[at + 1..])),
            _ => {}
        }
    }
    None
}

/// The replacement with its groups, `$1` to `$9`, as `Matcher.replaceAll` has them. `None` for a group that there is not.
fn expand(replacement: &str, captures: &regex_lite::Captures<'_>, user: &mut String) -> Option<()> {
    let mut chars = replacement.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => user.push(chars.next()?),
            '$' => {
                let group = chars.next()?.to_digit(10)? as usize;
                if group >= captures.len() {
                    return None;
                }
                user.push_str(captures.get(group).map_or("", |found| found.as_str()));
            }
            c => user.push(c),
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_mapped_as_kafka_maps_them() {
        let rules = "RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/, \
                     RULE:^CN=(.*?),OU=(.*?),O=(.*?),L=(.*?),ST=(.*?),C=(.*?)$/$1@$2/L, \
                     RULE:^.*[Cc][Nn]=([a-zA-Z0-9.]*).*$/$1/U,DEFAULT";
        let rules = MappingRules::parse(rules).unwrap();
        for (name, user) in [
            ("CN=Duke,OU=ServiceUsers,O=Org,C=US", "Duke"),
            ("CN=Duke,OU=SME,O=mycp,L=Fulton,ST=MD,C=US", "duke@sme"),
            ("cn=duke,OU=JavaSoft,O=Sun", "DUKE"),
            ("OU=JavaSoft,O=Sun", "OU=JavaSoft,O=Sun"),
        ] {
            assert_eq!(rules.user_of(name).as_deref(), Some(user), "{name}");
        }
        assert_eq!(MappingRules::parse("RULE:^CN=x$/y/").unwrap().user_of("CN=z"), None);
        for wrong in ["default", "RULE:a", "RULE:a/b", "DEFAULT x", "RULE:(/b/"] {
            assert!(MappingRules::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(MappingRules::default().user_of("CN=a").as_deref(), Some("CN=a"));
    }
}
