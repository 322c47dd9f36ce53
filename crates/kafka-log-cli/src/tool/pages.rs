//! The man pages and shell completions of `kafka-log`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::options::Options;

/// Texts to print instead of doing anything.
#[derive(Args, Debug)]
#[command(next_help_heading = "About this tool")]
pub(super) struct Pages {
    /// Print the completions for a shell
    #[arg(long, value_name = "SHELL")]
    completions: Option<Shell>,

    /// Print the man page, in roff: the page of the tool, or with `--man=VERB` that of a verb
    #[arg(long, value_name = "VERB", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    #[arg(value_parser = ["verify", "repair", "extract", ""], hide_possible_values = true)]
    man: Option<String>,
}

impl Pages {
    /// The text of the page, if the command line names one.
    pub(super) fn page(&self) -> Option<Vec<u8>> {
        let mut command = Options::command();
        let mut bytes = Vec::new();
        if let Some(shell) = self.completions {
            clap_complete::generate(shell, &mut command, "kafka-log", &mut bytes);
        } else if let Some(verb) = &self.man {
            // Fills in what verbs inherit: `--color`, the version, names such as `kafka-log-verify`.
            command.build();
            let of_verb = command.find_subcommand(verb).cloned();
            // Writing to memory cannot fail.
            let _ = Man::new(of_verb.unwrap_or(command)).render(&mut bytes);
        } else {
            return None;
        }
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::super::{Terminals, run};
    use crate::shared::exit;

    fn page(arg: &str) -> String {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let args = ["kafka-log", arg].map(OsString::from);
        assert_eq!(run(args, &mut out, &mut err, Terminals::default()), exit::CLEAN, "{arg}");
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_verb_has_a_man_page_with_its_options() {
        let cases = [
            ("--man", "kafka\\-log\\-verify(1)"),
            ("--man=verify", "\\-\\-predict"),
            ("--man=repair", "\\-\\-donor"),
            ("--man=extract", "\\-\\-since"),
        ];
        for (arg, expected) in cases {
            let page = page(arg);
            assert!(page.contains(expected), "{arg}: {page}");
            let name = arg.replace("--man", "kafka-log").replace('=', "-");
            assert!(page.contains(&format!(".TH {name} 1")), "{arg}: {page}");
        }
    }

    #[test]
    fn each_shell_has_completions_with_the_options_of_the_verbs() {
        for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
            assert!(page(&format!("--completions={shell}")).contains("cache-neutral"), "{shell}");
        }
    }
}
