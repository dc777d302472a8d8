//! What a target writes to a terminal, hostile sequences included: a real parser is told by what the filter lets through exactly what is allowed,
//! however the bytes are cut, and the screen draws them at any size. Sizes and scrolling come from the first bytes.
#![no_main]

use bartizan_fuzz::kit::input::Size;
use bartizan_fuzz::screens::Screen;
use bartizan_fuzz::ssm::client::filter::Filter;
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/pure/filter/oracle.rs"]
mod oracle;

fuzz_target!(|bytes: &[u8]| {
    let Some(([cut, columns, rows, other_columns, other_rows, scroll], bytes)) = bytes.split_first_chunk() else { return };
    let whole = Filter::default().pass(bytes);
    let mut filter = Filter::default();
    let pieces: Vec<u8> = bytes.chunks(usize::from(*cut).max(1)).flat_map(|piece| filter.pass(piece).to_vec()).collect();
    assert_eq!(whole, pieces, "cuts make no difference");
    let told = oracle::without_its_own_ways(bytes);
    if let Err(why) = oracle::judge(&told, &Filter::default().pass(&told)) {
        panic!("{why}");
    }
    // Small, so that many screens are seen.
    let size = |columns: &u8, rows: &u8| Size { width: u16::from(columns % 128), height: u16::from(rows % 64) };
    let mut screen = Screen::new(size(columns, rows));
    for (number, piece) in bytes.chunks(usize::from(*cut).max(1)).enumerate() {
        screen.feed(piece);
        match number % 16 {
            3 => screen.resize(size(other_columns, other_rows)),
            7 => {
                let lines = screen.hold();
                screen.show_from(usize::from(*scroll) % lines);
                let _any = (screen.top(), screen.cursor(), screen.find("a", usize::from(*scroll) % lines, scroll % 2 == 0));
                let _any = screen.text(0, usize::from(*scroll));
            }
            11 => screen.release(),
            _ => {}
        }
    }
    let shown = screen.shown();
    let (rows, columns) = shown.size();
    for (row, column) in (0..rows.get()).flat_map(|row| (0..columns.get()).map(move |column| (row, column))) {
        let _any = shown.cell(row, column).map(|cell| (cell.contents().len(), cell.is_wide(), cell.fgcolor()));
    }
    assert!(screen.answers().len() <= 256);
});
