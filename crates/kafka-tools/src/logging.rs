//! Log lines as Kafka's tools print them, on stderr: `[2026-01-31 12:00:00,123] WARN message (target)`.

use std::fmt;
use std::io;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Kafka's format, in the time zone of the machine.
struct KafkaLines;

impl<S, N> FormatEvent<S, N> for KafkaLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let now = TimeZone::system().to_datetime(Timestamp::now());
        let metadata = event.metadata();
        write!(line, "[{},{:03}] {} ", now.strftime("%F %T"), now.millisecond(), metadata.level())?;
        context.field_format().format_fields(line.by_ref(), event)?;
        writeln!(line, " ({})", metadata.target())
    }
}

/// Prints warnings and errors from now on.
pub(crate) fn init() {
    let lines = tracing_subscriber::fmt().with_max_level(Level::WARN).with_writer(io::stderr);
    // Only a second call fails, and changes nothing.
    let _ = lines.with_ansi(false).event_format(KafkaLines).try_init();
}
