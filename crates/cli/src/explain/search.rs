//! Searches an input for its refusals, and for the calls that were refused.

use gcp_scopes::environment::Environment;
use gcp_scopes::refusal::{Certainty, Gate, Refusal, classify, decisive};
use gcp_scopes_explain::reader::{NamedCall, RecordedResponse};

/// A refusal, and what is known of the refused call.
pub(crate) struct FoundRefusal {
    pub(crate) refusal: Refusal,
    pub(crate) call: NamedCall,
    /// Where the program ran, if the record shows it.
    pub(crate) environment: Option<Environment>,
    /// The text that contains the refusal.
    text: String,
}

/// A refusal without a text.
impl From<Refusal> for FoundRefusal {
    fn from(refusal: Refusal) -> Self {
        let call = NamedCall::find_refused(&refusal, "", "");
        Self { refusal, call, environment: None, text: String::new() }
    }
}

impl FoundRefusal {
    /// Returns the most certain refusal in a response or in a record of a log.
    pub(crate) fn in_response(response: &RecordedResponse) -> Option<Self> {
        // Of a response only the beginning is read; the beginning of its other parts is not known.
        let parts = response.candidates().take(if response.is_text() { usize::MAX } else { 1 });
        let found = parts
            .enumerate()
            .filter_map(|(index, part)| Some((index, classify(&part.error_response())?)));
        let (indexes, mut refusals): (Vec<usize>, Vec<Refusal>) = found.unzip();
        let place = decisive_with_service(&refusals)?;
        let part = response.candidates().nth(*indexes.get(place)?)?.body();
        let refusal = refusals.swap_remove(place);
        let (text, before) = response.call_context(&part);
        let call = NamedCall::find_refused(&refusal, &text, "");
        let found = Self { refusal, call, environment: response.environment().cloned(), text };
        Some(found.after(end_of(&before)))
    }

    /// Searches the log before the record for the refused call, unless the record shows it.
    fn after(self, before: &str) -> Self {
        if !self.call.candidates().is_empty() || before.is_empty() {
            return self;
        }
        let call = NamedCall::find_refused(&self.refusal, &self.text, before);
        Self { call, ..self }
    }

    fn is_likely(&self) -> bool {
        self.refusal.certainty() > Certainty::Possible
    }

    /// Checks whether both refusals have the same gate, method, service and permission. A method,
    /// service or permission that only one of the refusals names is not compared.
    fn matches(&self, other: &Self) -> bool {
        self.refusal.gate() == other.refusal.gate()
            && self.names().into_iter().zip(other.names()).all(|pair| match pair {
                (Some(one), Some(other)) => one == other,
                _ => true,
            })
    }

    /// Returns the method, the service and the permission.
    fn names(&self) -> [Option<&str>; 3] {
        let method = self.call.method().map(|method| method.id());
        [method, self.call.service(), self.refusal.permission()]
    }
}

/// Returns the index of the refusal that decides. Of equal ones, the first that names the service
/// counts: the message of a record may precede the response that it quotes.
fn decisive_with_service(refusals: &[Refusal]) -> Option<usize> {
    let place = decisive(refusals)?;
    let chosen = refusals.get(place)?;
    let is_same = |refusal: &Refusal| {
        (refusal.gate(), refusal.certainty()) == (chosen.gate(), chosen.certainty())
            && refusal.other_server() == chosen.other_server()
    };
    let named = refusals.iter().position(|other| is_same(other) && other.service().is_some());
    named.filter(|_| chosen.service().is_none()).or(Some(place))
}

/// Returns the end of a text that is searched for the refused call.
fn end_of(text: &str) -> &str {
    let start = text.len().saturating_sub(MAX_BEFORE);
    let start = (start..text.len()).find(|start| text.is_char_boundary(*start));
    start.and_then(|start| text.get(start..)).unwrap_or_default()
}

/// The refusal of an input that is explained, and a note about another refusal.
pub(crate) struct FoundInText {
    pub(crate) refusal: FoundRefusal,
    pub(crate) note: Option<String>,
}

/// The refusals that were found in a log so far.
#[derive(Default)]
struct LogSearch {
    found: Vec<LogRefusal>,
    /// The end of the log before the next record.
    before: String,
    /// The number of records with a refusal that were read.
    read: usize,
}

/// A refusal in a log.
struct LogRefusal {
    /// The name of the record, such as `line 2`.
    name: String,
    refusal: FoundRefusal,
    /// What the log contains before the record.
    before: String,
}

/// The maximum number of different refusals of a log that are kept.
const MAX_REFUSALS: usize = 64;

/// How many records at the end of a log are read in any case.
const LAST_RECORDS: usize = 64;

/// The maximum number of records with a refusal that are read. A long log would take long to read.
const MAX_RECORDS: usize = 1024;

/// How much of a log before a record is searched for the refused call, in bytes.
const MAX_BEFORE: usize = 32 << 10;

/// Returns the refusal in a log, or in a text that is not a log.
pub(crate) fn in_text(text: &RecordedResponse) -> Option<FoundInText> {
    let body = text.body();
    let records = RecordedResponse::json_records(body.as_bytes());
    if !records.is_empty() {
        let mut search = LogSearch::default();
        search.read(&records, |_| true);
        return search.chosen();
    }
    let blocks = RecordedResponse::log_blocks(&body);
    if !blocks.is_empty() {
        return in_blocks(&blocks);
    }
    let refusal = FoundRefusal::in_response(text)?;
    let note = note_of_other_line(&body, refusal.refusal.gate());
    Some(FoundInText { refusal, note })
}

/// Returns the refusal in a log of plain text, given as blocks of neighbouring records.
fn in_blocks(blocks: &[RecordedResponse]) -> Option<FoundInText> {
    let (mut of_block, mut search) = (None, LogSearch::default());
    for (index, block) in blocks.iter().enumerate() {
        // What came last is read in any case, because programs end with the refusal that decides.
        let is_read = !search.is_full() || index + 1 == blocks.len();
        match is_read.then(|| FoundRefusal::in_response(block)).flatten() {
            Some(found) => {
                of_block.get_or_insert(found);
                search.read(&block.records(), FoundRefusal::is_likely);
            }
            None => search.pass(&block.body()),
        }
    }
    let Some(of_block) = of_block else { return search.chosen() };
    // Some programs write each line of a message as a record. Then only the whole block names the
    // gate.
    let certainty = of_block.refusal.certainty();
    let is_enough = |found: &FoundInText| found.refusal.refusal.certainty() >= certainty;
    search.chosen().filter(is_enough).or(Some(FoundInText { refusal: of_block, note: None }))
}

impl LogSearch {
    fn is_full(&self) -> bool {
        self.found.len() >= MAX_REFUSALS || self.read >= MAX_RECORDS
    }

    /// Reads records. Of several equal refusals in a row the first one is kept.
    fn read(&mut self, records: &[RecordedResponse], counts: fn(&FoundRefusal) -> bool) {
        for (index, record) in records.iter().enumerate() {
            // What came last is read in any case, because programs end with the refusal that
            // decides.
            let is_read = !self.is_full() || index + LAST_RECORDS >= records.len();
            let refusal = is_read.then(|| FoundRefusal::in_response(record)).flatten();
            if let Some(refusal) = refusal.filter(counts) {
                self.add(record, refusal);
            }
            self.pass(&record.call_context(&record.body()).0);
        }
    }

    /// Adds the refusal of a record, unless it equals the last one.
    fn add(&mut self, record: &RecordedResponse, refusal: FoundRefusal) {
        self.read += 1;
        if self.found.last().is_none_or(|last| !refusal.matches(&last.refusal)) {
            let before = end_of(&self.before).to_owned();
            self.found.push(LogRefusal {
                name: record.name().unwrap_or_default(),
                refusal,
                before,
            });
        }
    }

    /// Appends a record to what precedes the next record. Only the end of a long text is kept.
    fn pass(&mut self, record: &str) {
        // Cut at twice the kept length, because moving the text at every record would be slow.
        if self.before.len() > 2 * MAX_BEFORE {
            self.before = end_of(&self.before).to_owned();
        }
        self.before.push_str(end_of(record));
        self.before.push('\n');
    }

    /// Returns the refusal that decides.
    fn chosen(self) -> Option<FoundInText> {
        let mut found = self.found;
        let refusals: Vec<Refusal> =
            found.iter().map(|found| found.refusal.refusal.clone()).collect();
        let LogRefusal { name, refusal, before } = found.remove(decisive(&refusals)?);
        let refusal = refusal.after(&before);
        let note = note_of_other_record(&name, &refusal, &found);
        Some(FoundInText { refusal, note })
    }
}

/// Returns a note about a refusal by another gate. If there is no such refusal, the note is about
/// one by the same gate with another method or permission.
fn note_of_other_record(name: &str, chosen: &FoundRefusal, found: &[LogRefusal]) -> Option<String> {
    let gate = |refusal: &FoundRefusal| refusal.refusal.gate();
    let others = || found.iter().filter(|other| !other.refusal.matches(chosen));
    let by_another_gate = others().find(|other| gate(&other.refusal) != gate(chosen));
    let what = match by_another_gate {
        Some(other) => format!("was refused by another gate ({})", gate(&other.refusal).as_str()),
        None => "is another refusal by the same gate".to_owned(),
    };
    let other = by_another_gate.or_else(|| others().next())?;
    Some(format!("this is about {name}; {} {what}. {ADVICE}", other.name))
}

/// The end of each note about a refusal that is not explained.
const ADVICE: &str = "To have that one explained, give it by itself";

/// Returns a note if a line of a text reads like a refusal by another gate than `explained`. The
/// text is not a log, so it is not known where one refusal ends and the next begins.
fn note_of_other_line(text: &str, explained: Gate) -> Option<String> {
    // All lines of an HTTP response are about one refusal.
    if text.lines().any(is_line_of_http_response) {
        return None;
    }
    let likely = (1..).zip(text.lines().take(MAX_RECORDS)).filter_map(|(number, line)| {
        let refusal = classify(&RecordedResponse::from_text(line).error_response())?;
        (refusal.certainty() > Certainty::Possible).then_some((number, refusal.gate()))
    });
    let (number, gate) = likely.into_iter().find(|(_, gate)| *gate != explained)?;
    Some(format!(
        "only one refusal was read (gate {}); line {number} reads like another one (gate {}). \
         {ADVICE}",
        explained.as_str(),
        gate.as_str()
    ))
}

/// Checks whether a line begins as the lines of an HTTP response do: with `HTTP/`, with a mark of
/// `curl -v`, or with a bracket of a body in JSON or HTML.
fn is_line_of_http_response(line: &str) -> bool {
    ["{", "[", "<", ">", "HTTP/"].iter().any(|start| line.trim_start().starts_with(start))
}
