//! Multiplexed bytes, cut at a place that the first byte says.
#![no_main]

use bartizan_fuzz::ssm::wire::smux::Decoder;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((cut, bytes)) = bytes.split_first() else { return };
    let mut decoder = Decoder::default();
    for piece in bytes.chunks(usize::from(*cut).max(1)) {
        decoder.push(piece);
        while let Ok(Some(_)) = decoder.next_frame() {}
    }
});
