//! Searches an input for its refusals, and for the calls that were refused.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hasher as _};
use std::io::{self, Read};

use aho_corasick::AhoCorasick;
use aho_corasick::packed::Searcher;
use gcp_scopes_explain::environment::Environment;
use gcp_scopes_explain::refusal::{Certainty, Gate, MARKS, Refusal, classify, decisive};
use gcp_scopes_reader::{NamedCall, RecordedResponse};

use super::pieces::{Form, LogPiece, Pieces};
use super::yaml;

/// A refusal, and what is known of the refused call.
#[derive(Debug)]
pub struct FoundRefusal {
    pub refusal: Refusal,
    pub call: NamedCall,
    /// Where the program ran, if the record shows it.
    pub environment: Option<Environment>,
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
    pub fn in_response(response: &RecordedResponse) -> Option<Self> {
        // Of an HTTP response only the first part is read: the others begin in the middle of JSON.
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

    /// Searches `before`, the log before the record, for the refused call. Returns the refusal
    /// unchanged if the record itself shows the call.
    fn after(self, before: &str) -> Self {
        if !self.call.candidates().is_empty() || before.is_empty() {
            return self;
        }
        let call = NamedCall::find_refused(&self.refusal, &self.text, before);
        Self { call, ..self }
    }

    /// Checks whether the other refusal has the same gate, is at least as certain, and has each
    /// [name](Self::names) that this one has. Refusals for lack of scope in different sentences
    /// differ, because each service has one sentence for them.
    fn is_covered_by(&self, other: &Self) -> bool {
        let names_storage = |found: &Self| found.refusal.service() == Some(STORAGE);
        let is_scope = self.refusal.gate() == Gate::Scope;
        self.refusal.gate() == other.refusal.gate()
            && !(is_scope && names_storage(self) != names_storage(other))
            && self.refusal.certainty() <= other.refusal.certainty()
            && self
                .names()
                .iter()
                .zip(other.names())
                .all(|(own, name)| own.is_none() || *own == name)
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

/// Returns the index of the [`decisive`] refusal. Of refusals with the same gate and certainty, the
/// first that names a service is chosen, because the message of a record may precede the response
/// that the message quotes.
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

/// Returns the last [`MAX_BEFORE`] bytes of a text, which are searched for the refused call.
fn end_of(text: &str) -> &str {
    let start = text.len().saturating_sub(MAX_BEFORE);
    let start = (start..text.len()).find(|start| text.is_char_boundary(*start));
    start.and_then(|start| text.get(start..)).unwrap_or_default()
}

/// The refusal to explain, of those in an input, and a note about another refusal, if any.
#[derive(Debug)]
#[non_exhaustive]
pub struct FoundInText {
    pub refusal: FoundRefusal,
    pub note: Option<String>,
}

/// A refusal in a log.
#[derive(Debug)]
pub struct LogRefusal {
    /// The name of the first record with the refusal, such as `line 2`.
    pub name: String,
    pub refusal: FoundRefusal,
    /// The number of records with the refusal.
    pub count: u64,
    /// The numbers of the first and the last record with the refusal, among those that were read.
    places: [u64; 2],
}

impl LogRefusal {
    /// Creates the only refusal of a text, which stands for no record.
    fn only(name: &str, refusal: FoundRefusal) -> Self {
        Self { name: name.to_owned(), refusal, count: 1, places: [0; 2] }
    }

    /// Counts another record with the refusal.
    fn repeat(&mut self, place: u64) {
        self.count += 1;
        self.places[1] = place;
    }
}

/// The refusals that were found in a log so far.
///
/// A record is *read* if it is searched for a refusal. Limits bound how many records are read, so
/// that a log of any length is searched in a short time.
#[derive(Debug, Default)]
pub struct LogSearch {
    found: Vec<LogRefusal>,
    /// The first refusal in a block of a plain-text log. A block has several records, and the
    /// refusal may extend over some of them.
    of_block: Option<FoundRefusal>,
    /// The number of blocks that were read as a whole.
    blocks: usize,
    /// The last of the blocks that were not read as a whole.
    last_block: Option<RecordedResponse>,
    /// The [template](template_of) of each record that was read, with the index of its refusal.
    /// `None` if the record is not a refusal.
    known: HashMap<u64, Option<usize>>,
    /// The last records that were not read, each with the text before it.
    last: VecDeque<(RecordedResponse, String)>,
    /// The number of records that were read.
    read: usize,
    /// The number of records that were read or recognized by their template.
    place: u64,
    /// How often the text before a refusal was searched for the call.
    looked: usize,
}

/// The host of Cloud Storage, whose sentence for missing scopes no other service uses.
const STORAGE: &str = "storage.googleapis.com";

/// The maximum number of different refusals of a log that are kept.
const MAX_REFUSALS: usize = 64;

/// How many records at the end of a log are read in any case.
const LAST_RECORDS: usize = 64;

/// The maximum number of records that are read, which takes about a second. Of the records that
/// differ only in numbers, one is read.
const MAX_RECORDS: usize = 8192;

/// How many blocks of a plain-text log are read as a whole.
const MAX_BLOCKS: usize = 64;

/// How often the text before a record is searched for the refused call.
const MAX_LOOKS: usize = 256;

/// The number of bytes before a record that are searched for the refused call.
const MAX_BEFORE: usize = 32 << 10;

/// The maximum number of lines of a text without records that are read.
const MAX_LINES: usize = 1024;

/// Statuses with which Google refuses calls. Other numbers are not part of a record's
/// [template](template_of).
const STATUSES: [&[u8]; 6] = [b"400", b"401", b"403", b"404", b"412", b"429"];

/// Returns the refusal in a log, or in a text that is not a log.
pub fn in_text(text: &RecordedResponse) -> Option<FoundInText> {
    if let Some(search) = LogSearch::of_text(text) {
        return search.chosen();
    }
    let refusal = FoundRefusal::in_response(text)?;
    let note = note_of_other_line(&text.body(), refusal.refusal.gate());
    Some(FoundInText { refusal, note })
}

/// Returns each refusal in a log, or in the lines of a text that is not a log.
pub fn all_in_text(text: &RecordedResponse) -> Vec<LogRefusal> {
    let search = LogSearch::of_text(text).unwrap_or_else(|| LogSearch::of_lines(&text.body()));
    let found = search.all();
    if !found.is_empty() {
        return found;
    }
    let refusal = FoundRefusal::in_response(text);
    refusal.map(|refusal| LogRefusal::only("the text", refusal)).into_iter().collect()
}

/// Searches a long log. A part of it is in memory at a time.
pub fn in_long_log(input: impl Read) -> io::Result<LogSearch> {
    let marks = Marks::new();
    let mut pieces = Pieces::new(input)?;
    let mut search = LogSearch::default();
    while let Some(piece) = pieces.next_piece()? {
        if marks.are_in(pieces.bytes(&piece)) {
            search.read_piece(&mut pieces, &piece, &marks);
        }
    }
    Ok(search)
}

/// Finds the [`MARKS`], parts of words of which nearly every refusal contains one.
struct Marks {
    /// Compares many bytes at once, if the processor can do so.
    quick: Option<Searcher>,
    any: AhoCorasick,
}

impl Marks {
    fn new() -> Self {
        let any = AhoCorasick::new(MARKS).expect("a short list of words should be searchable");
        Self { quick: Searcher::new(MARKS), any }
    }

    fn are_in(&self, bytes: &[u8]) -> bool {
        match &self.quick {
            Some(quick) => quick.find(bytes).is_some(),
            None => self.any.is_match(bytes),
        }
    }
}

impl LogSearch {
    /// Searches a log that is in memory; `None` if the text is not a log.
    fn of_text(text: &RecordedResponse) -> Option<Self> {
        let body = text.body();
        let is_yaml = yaml::is_log(body.as_bytes());
        let records = records_of(body.as_bytes(), if is_yaml { Form::Yaml } else { Form::Json });
        let blocks =
            if records.is_empty() { RecordedResponse::log_blocks(&body) } else { Vec::new() };
        if records.is_empty() && blocks.is_empty() {
            return None;
        }
        let (mut search, mut before) = (Self::default(), String::new());
        search.read_records(&records, |_| true, &mut before);
        blocks.iter().for_each(|block| search.read_block(block, None, &mut before));
        Some(search)
    }

    /// Searches the lines of a text, each by itself. Finds nothing in an HTTP response, whose lines
    /// belong together.
    fn of_lines(text: &str) -> Self {
        let (mut search, mut before) = (Self::default(), String::new());
        if !text.lines().any(is_line_of_http_response) {
            let line = |(number, line)| RecordedResponse::from_line(number, line);
            let lines: Vec<_> = (1..).zip(text.lines().take(MAX_LINES)).map(line).collect();
            search.read_records(&lines, FoundRefusal::is_likely, &mut before);
        }
        search
    }

    /// Reads a piece of a long log.
    fn read_piece(&mut self, pieces: &mut Pieces<impl Read>, piece: &LogPiece, marks: &Marks) {
        let bytes = pieces.bytes(piece);
        let key = template_of(bytes);
        if piece.form != Form::Text && self.is_known(key) {
            return;
        }
        let records = records_of(bytes, piece.form);
        if records.is_empty() {
            return self.read_text(pieces, piece, marks);
        }
        let before = || before_piece(pieces, piece);
        let key = (records.len() == 1).then_some(key);
        for record in records {
            self.read_record(&record.after(piece.preceding), key, |_| true, &before);
        }
    }

    /// Reads a part of a plain-text log.
    fn read_text(&mut self, pieces: &mut Pieces<impl Read>, piece: &LogPiece, marks: &Marks) {
        let text = String::from_utf8_lossy(pieces.bytes(piece));
        let blocks = RecordedResponse::log_blocks(&text);
        let blocks =
            if blocks.is_empty() { vec![RecordedResponse::from_line(1, &text)] } else { blocks };
        // The last block may continue in the next piece.
        let is_cut = piece.form == Form::Text && blocks.len() > 1 && !pieces.is_finished();
        let is_valid = matches!(text, Cow::Borrowed(_));
        let kept = blocks.len() - usize::from(is_cut && is_valid);
        let returned: usize = blocks.iter().skip(kept).map(|block| block.body().len()).sum();
        let blocks: Vec<_> =
            blocks.into_iter().take(kept).map(|block| block.after(piece.preceding)).collect();
        let mut before = before_piece(pieces, piece);
        pieces.give_back(returned);
        for block in blocks {
            match marks.are_in(block.body().as_bytes()) {
                true => self.read_block(&block, Some(marks), &mut before),
                false => append_to(&mut before, &block.body()),
            }
        }
    }

    /// Reads a block of neighbouring records of a plain-text log.
    ///
    /// Some programs write each line of a message as a record. Then only the whole block names the
    /// gate.
    fn read_block(&mut self, block: &RecordedResponse, marks: Option<&Marks>, before: &mut String) {
        if self.blocks < MAX_BLOCKS {
            self.blocks += 1;
            match FoundRefusal::in_response(block) {
                Some(found) => self.of_block.get_or_insert(found),
                None => return append_to(before, &block.body()),
            };
        } else {
            // The last block is read in any case, because the refusal that ended the program is
            // often there.
            self.last_block = Some(block.clone());
        }
        for record in block.records() {
            let text = record.body();
            if marks.is_none_or(|marks| marks.are_in(text.as_bytes())) {
                let key = Some(template_of(text.as_bytes()));
                self.read_record(&record, key, FoundRefusal::is_likely, &|| before.clone());
            }
            append_to(before, &text);
        }
    }

    /// Reads records that follow each other. `counts` is whether a refusal counts, and `before` is
    /// the text before the first record.
    fn read_records(
        &mut self,
        records: &[RecordedResponse],
        counts: fn(&FoundRefusal) -> bool,
        before: &mut String,
    ) {
        for record in records {
            let key = template_of(record.body().as_bytes());
            self.read_record(record, Some(key), counts, &|| before.clone());
            append_to(before, &record.call_context(&record.body()).0);
        }
    }

    /// Checks whether a record with this template was read, and counts the record if so.
    fn is_known(&mut self, key: u64) -> bool {
        let Some(index) = self.known.get(&key).copied() else { return false };
        self.place += 1;
        if let Some(found) = index.and_then(|index| self.found.get_mut(index)) {
            found.repeat(self.place);
        }
        true
    }

    /// Reads a record with the template `key`, unless a record with this template was read.
    /// `counts` is whether a refusal counts, and `before` returns the text before the record.
    fn read_record(
        &mut self,
        record: &RecordedResponse,
        key: Option<u64>,
        counts: fn(&FoundRefusal) -> bool,
        before: &dyn Fn() -> String,
    ) {
        if key.is_some_and(|key| self.is_known(key)) {
            return;
        }
        if self.read >= MAX_RECORDS {
            self.last.push_back((record.clone(), before()));
            self.last.drain(..self.last.len().saturating_sub(LAST_RECORDS));
            return;
        }
        self.read += 1;
        let found = FoundRefusal::in_response(record).filter(counts);
        let is_vague = found.as_ref().is_some_and(|found| found.call.candidates().is_empty());
        // The text before the next record with this template may show another call, so the template
        // is not stored if that text was searched.
        let is_looked_for = is_vague && self.looked < MAX_LOOKS;
        self.looked += usize::from(is_looked_for);
        let before = if is_looked_for { before() } else { String::new() };
        let index = found.map(|found| self.add(record, found.after(end_of(&before))));
        if let Some(key) = key.filter(|_| !is_looked_for) {
            self.known.insert(key, index);
        }
    }

    /// Adds the refusal of a record, and returns its index. If an earlier refusal covers this one,
    /// the earlier one is counted again instead.
    fn add(&mut self, record: &RecordedResponse, refusal: FoundRefusal) -> usize {
        self.place += 1;
        let known = self.found.iter().position(|found| refusal.is_covered_by(&found.refusal));
        if let Some((index, found)) =
            known.and_then(|index| Some((index, self.found.get_mut(index)?)))
        {
            found.repeat(self.place);
            return index;
        }
        if self.found.len() >= MAX_REFUSALS {
            // The latest refusal matters most, so it replaces the one before it. The indexes in
            // `known` are then wrong.
            self.found.pop();
            self.known.clear();
        }
        let (name, places) = (record.name().unwrap_or_default(), [self.place; 2]);
        // The text is not needed any more, and may be long.
        let refusal = FoundRefusal { text: String::new(), ..refusal };
        self.found.push(LogRefusal { name, refusal, count: 1, places });
        self.found.len() - 1
    }

    /// Reads the last records and the last block, if they were not read.
    fn finish(&mut self) {
        self.read = 0;
        for (record, before) in std::mem::take(&mut self.last) {
            self.read_record(&record, None, FoundRefusal::is_likely, &|| before.clone());
        }
        let last = self.last_block.take().filter(|_| self.of_block.is_none());
        self.of_block = self.of_block.take().or_else(|| FoundRefusal::in_response(&last?));
    }

    /// Returns the [`decisive`] refusal.
    pub fn chosen(mut self) -> Option<FoundInText> {
        self.finish();
        let of_block = self.of_block.take().map(|refusal| FoundInText { refusal, note: None });
        let Some(index) = self.decisive() else { return of_block };
        let LogRefusal { name, refusal, .. } = self.found.remove(index);
        let note = note_of_other_record(&name, &refusal, &self.found);
        let certainty = |found: &FoundInText| found.refusal.refusal.certainty();
        let chosen = FoundInText { refusal, note };
        of_block.filter(|block| certainty(block) > certainty(&chosen)).or(Some(chosen))
    }

    /// Returns the index of the [`decisive`] refusal. The order of the refusals is that of their
    /// first and their last records.
    fn decisive(&self) -> Option<usize> {
        let places =
            |(index, found): (usize, &LogRefusal)| found.places.map(|place| (place, index));
        let mut events: Vec<(u64, usize)> =
            self.found.iter().enumerate().flat_map(places).collect();
        events.sort_unstable();
        let found = events.iter().filter_map(|(_, index)| self.found.get(*index));
        let refusals: Vec<Refusal> = found.map(|found| found.refusal.refusal.clone()).collect();
        events.get(decisive(&refusals)?).map(|(_, index)| *index)
    }

    /// Returns each refusal, in the order of the log.
    pub fn all(mut self) -> Vec<LogRefusal> {
        self.finish();
        let is_empty = self.found.is_empty();
        let of_block = self.of_block.take().filter(|_| is_empty);
        let of_block = of_block.map(|refusal| LogRefusal::only("the log", refusal));
        self.found.into_iter().chain(of_block).collect()
    }
}

/// Returns the records of a log in JSON or YAML.
fn records_of(log: &[u8], form: Form) -> Vec<RecordedResponse> {
    let json = match form {
        Form::Json => Some(Cow::Borrowed(log)),
        Form::Yaml => yaml::as_json(log).map(Cow::Owned),
        Form::Text => None,
    };
    json.map(|json| RecordedResponse::json_records(&json)).unwrap_or_default()
}

/// Returns the text before a piece of a log, in which a call is searched.
fn before_piece(pieces: &Pieces<impl Read>, piece: &LogPiece) -> String {
    let text = |piece: &LogPiece| {
        let bytes = pieces.bytes(piece);
        match piece.form {
            Form::Text => String::from_utf8_lossy(bytes).into_owned(),
            form => records_of(bytes, form)
                .iter()
                .map(|record| record.call_context("").0 + "\n")
                .collect(),
        }
    };
    pieces.before(piece).iter().map(text).collect()
}

/// Returns the template of a record: a hash that is the same for records that differ only in words
/// with digits, such as numbers and ids.
fn template_of(record: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for word in record.split(|byte| !byte.is_ascii_alphanumeric()) {
        if STATUSES.contains(&word) || !word.iter().any(u8::is_ascii_digit) {
            hasher.write(word);
        }
        hasher.write_u8(b' ');
    }
    hasher.finish()
}

/// Appends a record to `before`, the text that precedes the next record and may name its call. Of a
/// long record, and of a long `before`, only the end is kept.
fn append_to(before: &mut String, record: &str) {
    // Cut at twice the kept length, because moving the text at every record would be slow.
    if before.len() > 2 * MAX_BEFORE {
        *before = end_of(before).to_owned();
    }
    before.push_str(end_of(record));
    before.push('\n');
}

/// Returns a note about a refusal by another gate than that of `chosen`, or else about a refusal by
/// the same gate with another method or permission.
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
const ADVICE: &str = "To explain that refusal, pass it alone";

/// Returns a note if a line of a text reads like a refusal by another gate than `explained`. The
/// text is not a log, so it is not known where one refusal ends and the next begins.
fn note_of_other_line(text: &str, explained: Gate) -> Option<String> {
    // All lines of an HTTP response are about one refusal.
    if text.lines().any(is_line_of_http_response) {
        return None;
    }
    let likely = (1..).zip(text.lines().take(MAX_LINES)).filter_map(|(number, line)| {
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
