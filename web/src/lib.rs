//! The web page's part in WebAssembly: it answers questions of the page as JSON.
//!
//! The module imports nothing, so it can neither send nor store what it is given. The page writes a
//! question into memory ([`question`]), calls [`answer`], and reads the answer.
//!
//! The catalog is compiled in. `cargo xtask web` moves it out of the module, into a file that the
//! page writes back into memory before the first question.

mod answers;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The question, which the page writes.
static QUESTION: Mutex<Vec<u8>> = Mutex::new(Vec::new());
/// The answer to the last question, which the page reads.
static ANSWER: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Returns the address of `length` bytes, into which the page writes a question in JSON.
#[allow(unsafe_code, reason = "only the name is exported")]
#[unsafe(no_mangle)]
pub extern "C" fn question(length: usize) -> *mut u8 {
    let mut question = lock(&QUESTION);
    question.clear();
    question.resize(length, 0);
    question.as_mut_ptr()
}

/// Answers the question, and returns the length of the answer in bytes.
#[allow(unsafe_code, reason = "only the name is exported")]
#[unsafe(no_mangle)]
pub extern "C" fn answer() -> usize {
    let text = answers::answer(&std::mem::take(&mut *lock(&QUESTION)));
    let mut answer = lock(&ANSWER);
    *answer = text.into_bytes();
    answer.len()
}

/// Returns the address of the answer, which is JSON.
#[allow(unsafe_code, reason = "only the name is exported")]
#[unsafe(no_mangle)]
pub extern "C" fn answer_address() -> *const u8 {
    lock(&ANSWER).as_ptr()
}

fn lock(bytes: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    bytes.lock().unwrap_or_else(PoisonError::into_inner)
}
