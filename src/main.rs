//! The program: parses its arguments and hands over.

fn main() {}
