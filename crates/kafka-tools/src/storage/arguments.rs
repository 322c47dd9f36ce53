//! Command lines as argparse4j reads them, the parser of Kafka's newer tools: commands and long options may be shortened, values
//! stand behind a space or `=`, and directly behind a short option.

/// An option of a command.
pub(super) struct Argument {
    name: &'static str,
    short: char,
    takes_value: bool,
    is_required: bool,
}

impl Argument {
    pub(super) const fn required(name: &'static str, short: char) -> Self {
        Argument { name, short, takes_value: true, is_required: true }
    }

    pub(super) const fn value(name: &'static str, short: char) -> Self {
        Argument { name, short, takes_value: true, is_required: false }
    }

    pub(super) const fn flag(name: &'static str, short: char) -> Self {
        Argument { name, short, takes_value: false, is_required: false }
    }

    fn shown(&self) -> String {
        format!("--{}/-{}", self.name, self.short)
    }
}

/// A command of a tool. Its help begins with its usage.
pub(super) struct Command {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) arguments: &'static [Argument],
    /// Options of which there may be one at most.
    pub(super) exclusive: &'static [&'static str],
}

/// The options of a command line, in their order.
#[derive(Debug, Default)]
pub(super) struct Arguments(Vec<(&'static str, String)>);

impl Arguments {
    /// The last value of an option.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.values(name).last()
    }

    /// All values of an option.
    pub(super) fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(other, _)| *other == name).map(|(_, value)| value.as_str())
    }

    /// Whether an option is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(other, _)| *other == name)
    }
}

/// Why there is nothing to run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The help was asked for.
    Help(&'static str),
    /// The command line is wrong.
    Wrong(String),
}

/// Splits `args` into a command and its options.
pub(super) fn parse(
    help: &'static str,
    commands: &'static [Command],
    args: &[String],
) -> Result<(&'static str, Arguments), Refusal> {
    let Some((first, rest)) = args.split_first() else { return Err(wrong(help, "too few arguments")) };
    if ["-h", "--help"].contains(&first.as_str()) {
        return Err(Refusal::Help(help));
    }
    let mut matching = commands.iter().filter(|command| command.name.starts_with(first.as_str()));
    let (Some(command), None) = (matching.next(), matching.next()) else {
        let names = commands.iter().map(|command| format!("'{}'", command.name)).collect::<Vec<_>>().join(", ");
        return Err(wrong(help, &format!("invalid choice: '{first}' (choose from {names})")));
    };
    let arguments = options(command, rest)?;
    let missing = command.arguments.iter().find(|argument| argument.is_required && !arguments.has(argument.name));
    if let Some(argument) = missing {
        return Err(wrong(command.help, &format!("argument {} is required", argument.shown())));
    }
    let mut exclusive = arguments.0.iter().filter(|(name, _)| command.exclusive.contains(name)).map(|(name, _)| *name);
    if let Some(first) = exclusive.next()
        && let Some(second) = exclusive.find(|name| *name != first)
    {
        let shown = |name| command.arguments.iter().find(|argument| argument.name == name).map(Argument::shown);
        let (first, second) = (shown(first).unwrap_or_default(), shown(second).unwrap_or_default());
        return Err(wrong(command.help, &format!("argument {second}: not allowed with argument {first}")));
    }
    Ok((command.name, arguments))
}

fn options(command: &'static Command, args: &[String]) -> Result<Arguments, Refusal> {
    let mut arguments = Arguments::default();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if ["-h", "--help"].contains(&arg.as_str()) {
            return Err(Refusal::Help(command.help));
        }
        let unrecognized = || wrong(command.help, &format!("unrecognized arguments: '{arg}'"));
        let (argument, attached) = find(command, arg).ok_or_else(unrecognized)?;
        let value = match (argument.takes_value, attached) {
            (false, None) => String::new(),
            (false, Some(_)) => return Err(unrecognized()),
            (true, Some(attached)) => attached.to_owned(),
            (true, None) => {
                args.next().filter(|next| !next.starts_with('-') || *next == "-").cloned().ok_or_else(|| {
                    wrong(command.help, &format!("argument {}: expected one argument", argument.shown()))
                })?
            }
        };
        arguments.0.push((argument.name, value));
    }
    Ok(arguments)
}

/// The option that a word names, and the value behind it in the same word.
fn find<'a>(command: &'static Command, arg: &'a str) -> Option<(&'static Argument, Option<&'a str>)> {
    if let Some(long) = arg.strip_prefix("--") {
        let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
        let exact = command.arguments.iter().find(|argument| argument.name == name);
        let mut shortened = command.arguments.iter().filter(|argument| argument.name.starts_with(name));
        let unique = shortened.next().filter(|_| !name.is_empty() && shortened.next().is_none());
        return exact.or(unique).map(|argument| (argument, value));
    }
    let mut letters = arg.strip_prefix('-')?.chars();
    let short = letters.next()?;
    let argument = command.arguments.iter().find(|argument| argument.short == short)?;
    let rest = letters.as_str();
    Some((argument, Some(rest.strip_prefix('=').unwrap_or(rest)).filter(|rest| !rest.is_empty())))
}

/// The usage, which a help begins with, and what is wrong.
fn wrong(help: &str, message: &str) -> Refusal {
    let usage = help.split("\n\n").next().unwrap_or(help);
    Refusal::Wrong(format!("{usage}\nkafka-storage: error: {message}"))
}

#[cfg(test)]
mod tests {
    use super::super::{COMMANDS, HELP};
    use super::*;

    fn outcome(line: &str) -> String {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        match parse(HELP, COMMANDS, &args) {
            Ok((command, arguments)) => format!("{command} {:?}", arguments.0),
            Err(Refusal::Help(help)) => help.lines().next().unwrap_or_default().to_owned(),
            Err(Refusal::Wrong(message)) => message.lines().last().unwrap_or_default().to_owned(),
        }
    }

    #[test]
    fn command_lines_are_read_as_argparse4j_reads_them() {
        for (line, expected) in [
            ("", "kafka-storage: error: too few arguments"),
            ("info -c a", r#"info [("config", "a")]"#),
            ("inf --conf=a", r#"info [("config", "a")]"#),
            ("info", "kafka-storage: error: argument --config/-c is required"),
            ("info -c", "kafka-storage: error: argument --config/-c: expected one argument"),
            ("format -tx -c a -g", r#"format [("cluster-id", "x"), ("config", "a"), ("ignore-formatted", "")]"#),
            (
                "format -t x -c a -s -N",
                "kafka-storage: error: argument --no-initial-controllers/-N: not allowed with argument --standalone/-s",
            ),
            ("random-uuid x", "kafka-storage: error: unrecognized arguments: 'x'"),
            ("random-uuid -h", "usage: kafka-storage random-uuid [-h]"),
        ] {
            assert_eq!(outcome(line), expected, "{line}");
        }
    }
}
