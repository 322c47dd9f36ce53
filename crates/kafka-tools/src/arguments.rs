//! Command lines as argparse4j reads them, the parser of Kafka's newer tools: commands and long options may be shortened, values
//! stand after a space or `=`, and directly after a short option.

use std::ffi::OsString;

use crate::terminal::{Stop, Terminal};

/// An option of a tool or of one of its commands.
pub(crate) struct Argument {
    name: &'static str,
    short: Option<char>,
    takes_value: bool,
    is_required: bool,
}

impl Argument {
    pub(crate) const fn required(name: &'static str, short: Option<char>) -> Self {
        Argument { name, short, takes_value: true, is_required: true }
    }

    pub(crate) const fn value(name: &'static str, short: Option<char>) -> Self {
        Argument { name, short, takes_value: true, is_required: false }
    }

    pub(crate) const fn flag(name: &'static str, short: Option<char>) -> Self {
        Argument { name, short, takes_value: false, is_required: false }
    }

    fn shown(&self) -> String {
        match self.short {
            Some(short) => format!("--{}/-{short}", self.name),
            None => format!("--{}", self.name),
        }
    }
}

/// A command of a tool. Its help begins with its usage.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) arguments: &'static [Argument],
    /// Options of which there may be one at most.
    pub(crate) exclusive: &'static [&'static str],
}

/// The options of a command line, in their order.
#[derive(Debug, Default)]
pub(crate) struct Arguments(Vec<(&'static str, String)>);

impl Arguments {
    /// The last value of an option.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.values(name).last()
    }

    /// All values of an option.
    pub(crate) fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(other, _)| *other == name).map(|(_, value)| value.as_str())
    }

    /// Whether an option is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(other, _)| *other == name)
    }
}

/// The value of an option that is a number.
pub(crate) fn number<N: std::str::FromStr>(arguments: &Arguments, name: &str) -> Result<Option<N>, Stop> {
    let wrong = |value: &str| {
        let kind = std::any::type_name::<N>();
        Stop::Failed(format!("argument --{name}: could not convert '{value}' to a number ({kind})"))
    };
    arguments.value(name).map(|value| value.parse().map_err(|_| wrong(value))).transpose()
}

/// Why there is nothing to run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The help was asked for.
    Help(&'static str),
    /// The command line is wrong.
    Wrong(String),
}

/// A tool with commands. Its help begins with its usage.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    /// Options in front of the command.
    pub(crate) arguments: &'static [Argument],
    pub(crate) commands: &'static [Command],
}

/// Splits `args` into a command and the options: those of the tool and its own.
pub(crate) fn parse(tool: &'static Tool, args: &[String]) -> Result<(&'static str, Arguments), Refusal> {
    let commands = tool.commands;
    let wrong = |help: &str, message: &str| wrong(tool.name, help, message);
    let mut arguments = Arguments::default();
    let rest = options(tool, tool.help, tool.arguments, args, &mut arguments)?;
    if arguments.has("version") {
        return Ok(("version", arguments));
    }
    let Some((first, rest)) = rest.split_first() else { return Err(wrong(tool.help, "too few arguments")) };
    let exact = commands.iter().find(|command| command.name == first);
    let mut shortened = commands.iter().filter(|command| command.name.starts_with(first.as_str()));
    let unique = shortened.next().filter(|_| shortened.next().is_none());
    let Some(command) = exact.or(unique) else {
        let names = commands.iter().map(|command| format!("'{}'", command.name)).collect::<Vec<_>>().join(", ");
        return Err(wrong(tool.help, &format!("invalid choice: '{first}' (choose from {names})")));
    };
    if let Some(word) = options(tool, command.help, command.arguments, rest, &mut arguments)?.first() {
        return Err(wrong(command.help, &format!("unrecognized arguments: '{word}'")));
    }
    for (help, known) in [(command.help, command.arguments), (tool.help, tool.arguments)] {
        let missing = known.iter().find(|argument| argument.is_required && !arguments.has(argument.name));
        if let Some(argument) = missing {
            return Err(wrong(help, &format!("argument {} is required", argument.shown())));
        }
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

/// Splits the words of a command line; `None` if it asked for the help, which is then printed, or the version.
pub(crate) fn parse_or_explain(
    tool: &'static Tool,
    args: &[OsString],
    terminal: &mut Terminal<'_>,
) -> Result<Option<(&'static str, Arguments)>, Stop> {
    let args: Vec<String> = args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    match parse(tool, &args) {
        Ok(("version", _)) => Err(Stop::Version),
        Ok(parsed) => Ok(Some(parsed)),
        Err(Refusal::Help(help)) => {
            terminal.out().write_all(help.as_bytes())?;
            Ok(None)
        }
        Err(Refusal::Wrong(message)) => Err(Stop::Failed(message)),
    }
}

/// Takes the options at the start; gives what comes after them.
fn options<'a>(
    tool: &Tool,
    help: &'static str,
    known: &'static [Argument],
    mut args: &'a [String],
    arguments: &mut Arguments,
) -> Result<&'a [String], Refusal> {
    while let Some((arg, rest)) = args.split_first().filter(|(arg, _)| arg.starts_with('-')) {
        args = rest;
        if ["-h", "--help"].contains(&arg.as_str()) {
            return Err(Refusal::Help(help));
        }
        let unrecognized = || wrong(tool.name, help, &format!("unrecognized arguments: '{arg}'"));
        let (argument, attached) = find(known, arg).ok_or_else(unrecognized)?;
        let value = match (argument.takes_value, attached) {
            (false, None) => String::new(),
            (false, Some(_)) => return Err(unrecognized()),
            (true, Some(attached)) => attached.to_owned(),
            (true, None) => {
                let value = args.split_first().filter(|(next, _)| is_value(next));
                let (value, rest) = value.ok_or_else(|| {
                    wrong(tool.name, help, &format!("argument {}: expected one argument", argument.shown()))
                })?;
                args = rest;
                value.clone()
            }
        };
        arguments.0.push((argument.name, value));
    }
    Ok(args)
}

/// Words that begin like an option are none if they are numbers.
fn is_value(word: &str) -> bool {
    !word.starts_with('-') || word == "-" || word.parse::<i64>().is_ok()
}

/// The option that a word names, and the value after it in the same word.
fn find<'a>(known: &'static [Argument], arg: &'a str) -> Option<(&'static Argument, Option<&'a str>)> {
    if let Some(long) = arg.strip_prefix("--") {
        let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
        let exact = known.iter().find(|argument| argument.name == name);
        let mut shortened = known.iter().filter(|argument| argument.name.starts_with(name));
        let unique = shortened.next().filter(|_| !name.is_empty() && shortened.next().is_none());
        return exact.or(unique).map(|argument| (argument, value));
    }
    let mut letters = arg.strip_prefix('-')?.chars();
    let short = letters.next()?;
    let argument = known.iter().find(|argument| argument.short == Some(short))?;
    let rest = letters.as_str();
    Some((argument, Some(rest.strip_prefix('=').unwrap_or(rest)).filter(|rest| !rest.is_empty())))
}

/// The usage, which a help begins with, and what is wrong.
fn wrong(tool: &str, help: &str, message: &str) -> Refusal {
    let usage = help.split("\n\n").next().unwrap_or(help);
    Refusal::Wrong(format!("{usage}\n{tool}: error: {message}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{storage, transactions};

    fn outcome(tool: &'static Tool, line: &str) -> String {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        match parse(tool, &args) {
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
            assert_eq!(outcome(&storage::TOOL, line), expected, "{line}");
        }
    }

    #[test]
    fn options_of_the_tool_stand_in_front_of_the_command() {
        for (line, expected) in [
            ("--bootstrap-server a list", r#"list [("bootstrap-server", "a")]"#),
            ("--boot=a list --duration-filter -1", r#"list [("bootstrap-server", "a"), ("duration-filter", "-1")]"#),
            (
                "--bootstrap-server a describe --transactional-id x",
                r#"describe [("bootstrap-server", "a"), ("transactional-id", "x")]"#,
            ),
            ("list", "kafka-transactions.sh: error: argument --bootstrap-server is required"),
            ("--bootstrap-server a", "kafka-transactions.sh: error: too few arguments"),
            ("--bootstrap-server a describe", "kafka-transactions.sh: error: argument --transactional-id is required"),
            ("list --bootstrap-server a", "kafka-transactions.sh: error: unrecognized arguments: '--bootstrap-server'"),
            ("-v", r#"version [("version", "")]"#),
        ] {
            assert_eq!(outcome(&transactions::TOOL, line), expected, "{line}");
        }
    }
}
