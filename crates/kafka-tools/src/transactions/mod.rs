//! `kafka-transactions`: what producers have open, and the end of what hangs (`TransactionsCommand`).

mod abort;
mod describe;
mod hanging;
mod list;
mod producers;

use std::ffi::OsString;

use kafka_thin_client::{Client, ClientError};

use crate::arguments::{self, Argument, Arguments, Command, Tool};
use crate::client::{adminclient, configure, open};
use crate::terminal::{Stop, Terminal};

const fn optional(name: &'static str) -> Argument {
    Argument::value(name, None)
}

const fn required(name: &'static str) -> Argument {
    Argument::required(name, None)
}

const COMMANDS: &[Command] = &[
    Command {
        name: "list",
        help: include_str!("../../usage/transactions_list.txt"),
        arguments: &[optional("duration-filter"), optional("transactional-id-pattern")],
        exclusive: &[],
    },
    Command {
        name: "describe",
        help: include_str!("../../usage/transactions_describe.txt"),
        arguments: &[required("transactional-id")],
        exclusive: &[],
    },
    Command {
        name: "describe-producers",
        help: include_str!("../../usage/transactions_describe_producers.txt"),
        arguments: &[optional("broker-id"), required("topic"), required("partition")],
        exclusive: &[],
    },
    Command {
        name: "abort",
        help: include_str!("../../usage/transactions_abort.txt"),
        arguments: &[
            required("topic"),
            required("partition"),
            optional("start-offset"),
            optional("producer-id"),
            optional("producer-epoch"),
            optional("coordinator-epoch"),
        ],
        exclusive: &[],
    },
    Command {
        name: "find-hanging",
        help: include_str!("../../usage/transactions_find_hanging.txt"),
        arguments: &[
            optional("broker-id"),
            optional("max-transaction-timeout"),
            optional("topic"),
            optional("partition"),
        ],
        exclusive: &[],
    },
    Command {
        name: "forceTerminateTransaction",
        help: include_str!("../../usage/transactions_force_terminate.txt"),
        arguments: &[required("transactionalId")],
        exclusive: &[],
    },
];

/// The tool.
pub(crate) static TOOL: Tool = Tool {
    name: "kafka-transactions.sh",
    help: include_str!("../../usage/transactions.txt"),
    arguments: &[Argument::flag("version", Some('v')), optional("command-config"), required("bootstrap-server")],
    commands: COMMANDS,
};

/// Runs the tool.
pub(crate) fn main(args: Vec<OsString>, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let Some((command, arguments)) = arguments::parse_or_explain(&TOOL, &args, terminal)? else { return Ok(()) };
    let mut client = connect(&arguments)?;
    match command {
        "list" => list::list(&mut client, &arguments, terminal),
        "describe" => describe::describe(&mut client, &arguments, terminal),
        "describe-producers" => producers::describe(&mut client, &arguments, terminal),
        "abort" => abort::abort(&mut client, &arguments),
        "forceTerminateTransaction" => abort::force(&mut client, &arguments),
        _ => hanging::find(&mut client, &arguments, terminal),
    }
}

fn connect(arguments: &Arguments) -> Result<Client, Stop> {
    let settings = configure(adminclient(), arguments.value("command-config"), arguments.value("bootstrap-server"))?;
    open(settings)
}

/// The end of a tool whose call has failed.
fn failed(what: &str, error: &ClientError) -> Stop {
    let last: &ClientError = match error {
        ClientError::TimedOut { last, .. } => last,
        error => error,
    };
    let why = match last {
        ClientError::Api(error) => error.message.clone().unwrap_or_else(|| error.code.message().to_owned()),
        error => error.to_string(),
    };
    Stop::Failed(format!("{what}: {why}. Enable debug logging for additional detail."))
}

/// Now, in ms since 1970.
fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
