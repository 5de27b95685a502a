//! The style of texts: their width, their colours, and whether they are printed as
//! plain sentences instead of pictures and columns.

use std::ffi::OsString;
use std::io;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args, ColorChoice};
use gcp_scopes::layout::Layout;
use terminal_size::terminal_size_of;

/// The flags for the style of texts, which all verbs accept.
#[derive(Debug, Args)]
#[command(next_help_heading = "How it looks")]
pub(crate) struct StyleArgs {
    /// Print plain sentences, one line for each fact and each step: no picture and no columns, for
    /// a screen reader. The variable GCP_SCOPES_PLAIN=1 does the same for every call.
    #[arg(long, global = true, env = "GCP_SCOPES_PLAIN", hide_env = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = FalseyValueParser::new())]
    plain: bool,
    /// Print everything: the picture of the gates, every option with its steps, why to choose it,
    /// which calls it permits and who carries it out, and the pages of the console and the
    /// documentation.
    #[arg(long, short, global = true)]
    verbose: bool,
    /// When to use colours. `auto` uses them on a terminal, unless the variable NO_COLOR is set.
    #[arg(long, global = true, value_name = "WHEN", value_enum)]
    #[arg(default_value_t = ColorChoice::Auto)]
    color: ColorChoice,
}

impl StyleArgs {
    /// Returns the layout of a text on standard output. The layout always has colours; `anstream`
    /// removes them when the text is printed, if the terminal or the user does not want them.
    pub(crate) fn layout(&self) -> Layout {
        self.apply(Layout::new().width(columns()).colours())
    }

    /// Returns the layout of a text inside JSON, which does not depend on the terminal.
    pub(crate) fn layout_in_json(&self) -> Layout {
        self.apply(Layout::new())
    }

    fn apply(&self, layout: Layout) -> Layout {
        let layout = if self.verbose { layout.verbose() } else { layout };
        if self.plain { layout.plain() } else { layout }
    }
}

/// Returns the width of texts in columns: the value of the variable COLUMNS, or else the width of
/// the terminal, or else 80.
pub(crate) fn columns() -> usize {
    let variable = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let terminal = || terminal_size_of(io::stdout()).map(|(width, _)| width.0.into());
    let variable = variable.filter(|columns| *columns > 0);
    variable.or_else(terminal).filter(|columns| *columns > 0).unwrap_or(80)
}

/// Applies `--color WHEN` or `--color=WHEN` before clap parses the arguments, so that the flag also
/// applies to the help and to errors about the arguments.
pub(crate) fn choose_colors(arguments: impl Iterator<Item = OsString>) {
    let arguments: Vec<OsString> = arguments.collect();
    let separate = arguments.windows(2).filter(|pair| pair[0] == "--color");
    let separate = separate.map(|pair| pair[1].to_str());
    let joined =
        arguments.iter().filter_map(|argument| argument.to_str()?.strip_prefix("--color="));
    let choice = match separate.chain(joined.map(Some)).last().flatten() {
        Some("always") => anstream::ColorChoice::AlwaysAnsi,
        Some("never") => anstream::ColorChoice::Never,
        _ => return,
    };
    choice.write_global();
}
