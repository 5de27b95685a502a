//! How texts look: their width, their colours, drawn or in plain sentences.

use std::ffi::{OsStr, OsString};
use std::io;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args, ColorChoice};
use gcp_scopes::layout::Layout;

/// Flags of every verb.
#[derive(Debug, Args)]
#[command(next_help_heading = "How it looks")]
pub(crate) struct Look {
    /// Print plain sentences, one line for each fact and each step: no picture and no columns, for a
    /// screen reader. The variable GCP_SCOPES_PLAIN=1 does the same for every call.
    #[arg(long, global = true, env = "GCP_SCOPES_PLAIN", hide_env = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = FalseyValueParser::new())]
    plain: bool,
    /// When to use colours. `auto` uses them on a terminal, unless the variable NO_COLOR is set.
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = ColorChoice::Auto)]
    color: ColorChoice,
}

impl Look {
    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }

    /// Colours are taken out again where they are not wanted, by what prints them.
    pub(crate) fn layout(&self) -> Layout {
        self.plain_or(Layout::new().width(columns()).colours())
    }

    /// For a text that a program hands on, whatever the terminal is here.
    pub(crate) fn layout_in_json(&self) -> Layout {
        self.plain_or(Layout::new())
    }

    fn plain_or(&self, layout: Layout) -> Layout {
        if self.plain { layout.plain() } else { layout }
    }
}

/// How wide texts may be: as the variable COLUMNS says, else the terminal on standard output.
pub(crate) fn columns() -> usize {
    let told =
        std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).filter(|columns| *columns > 0);
    let terminal = || terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0.into());
    told.or_else(terminal).filter(|columns| *columns > 0).unwrap_or(80)
}

/// Heeds `--color` also in what is printed before, or instead of, reading the arguments: help and errors.
pub(crate) fn choose_colours(arguments: impl Iterator<Item = OsString>) {
    let arguments: Vec<OsString> = arguments.collect();
    let apart = arguments.windows(2).filter(|two| two[0] == "--color").map(|two| two[1].as_os_str());
    let joined = arguments.iter().filter_map(|one| one.to_str()?.strip_prefix("--color=")).map(OsStr::new);
    let choice = match apart.chain(joined).last().and_then(OsStr::to_str) {
        Some("always") => anstream::ColorChoice::AlwaysAnsi,
        Some("never") => anstream::ColorChoice::Never,
        _ => return,
    };
    choice.write_global();
}
