//! Asks Google what an opaque token holds.
