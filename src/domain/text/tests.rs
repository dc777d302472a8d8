use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};
use proptest::prelude::*;

use super::*;

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

fn is_mark(c: char) -> bool {
    matches!(category(c), GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark | GeneralCategory::SpacingMark)
}

/// Whether nothing of it is hidden, and no letter has more than three marks of a kind.
fn is_harmless(text: &str) -> bool {
    let mut run = [0, 0];
    text.chars().all(|c| {
        match kind(c) {
            Kind::Mark => run[0] += 1,
            Kind::Spacing => run[1] += 1,
            Kind::Joiner => {}
            _ => run = [0, 0],
        }
        run.iter().all(|run| *run <= MOST_MARKS) && !matches!(kind(c), Kind::Control | Kind::Hidden)
    })
}

#[test]
fn escape_sequences_are_spelled_out() {
    assert_eq!(Untrusted::new("a\u{1b}]0;pwn\u{7}b").shown().as_str(), "a␛]0;pwn␇b");
    assert_eq!(Untrusted::new("x\u{202e}y\u{200b}").shown().as_str(), "x⟨U+202E⟩y⟨U+200B⟩");
    assert_eq!(Untrusted::new("\u{9b}31m").shown().as_str(), "⟨U+009B⟩31m");
}

#[test]
fn ordinary_text_is_borrowed() {
    assert!(matches!(clean("arn:aws:iam::123456789012:user/Zoë"), Cow::Borrowed(_)));
    assert!(matches!(clean("山田太郎 Ελένη Юрий 김민수"), Cow::Borrowed(_)));
}

#[test]
fn names_of_people_are_unchanged() {
    for name in [
        // Thai
        "สมชาย ใจดี",
        "กำธร",
        "น้ำฝน",
        "ปิ่นเกล้า",
        "ณัฐวุฒิ",
        "เพ็ญศรี",
        // Hindi, Marathi, with conjuncts, nukta (written apart, as NFC has it) and joiners
        "क्षत्रिय",
        "श्रीकृष्ण",
        "मंत्री",
        "राम प्रसाद",
        "ज\u{93c}ाकिर",
        "स्त्री",
        "शर्मा",
        "र\u{94d}\u{200d}याम",
        "क्\u{200d}ष",
        // Arabic and Persian, with vowels and ZWNJ
        "محمد",
        "مُحَمَّد",
        "عبد الله",
        "اللّٰه",
        "می\u{200c}خواهم",
        "علی\u{200c}رضا",
        "خانه\u{200c}ها",
        // Vietnamese
        "Nguyễn Thị Hồng",
        "Trần Đức Lương",
        "Phạm Ngọc Thạch",
        "Đặng Hữu Phước",
        "Vũ Quỳnh",
        // Others
        "Bjørn Ångström",
        "Łukasz Żółć",
        "ආචාර්\u{200d}ය",
        "ශ්\u{200d}රී",
        "ချွေး",
        "தமிழ்",
        "বাংলা",
        "தேவி",
        "ਪੰਜਾਬੀ",
        "שָׁלוֹם",
        "한글",
        "さくら",
        "ガ",
    ] {
        assert_eq!(clean(name), name, "{}", name.escape_unicode());
    }
}

#[test]
fn what_looks_the_same_is_the_same() {
    assert_eq!(clean("Nguye\u{302}\u{303}n"), "Nguyễn");
    assert_eq!(clean("\u{212b}ngstro\u{308}m"), "Ångström");
    assert_eq!(clean("\u{1112}\u{1161}\u{11ab}"), "한");
}

#[test]
fn joiners_that_spell_nothing_are_shown() {
    for (text, shown) in [
        ("ad\u{200d}min", "ad⟨U+200D⟩min"),
        ("ad\u{200c}min", "ad⟨U+200C⟩min"),
        ("محمد\u{200c}", "محمد⟨U+200C⟩"),
        ("ا\u{200c}ب", "ا⟨U+200C⟩ب"),
        ("می\u{200c}\u{200c}خواهم", "می⟨U+200C⟩⟨U+200C⟩خواهم"),
        ("क\u{200d}ष", "क⟨U+200D⟩ष"),
        ("\u{94d}\u{200d}", "\u{25cc}\u{94d}⟨U+200D⟩"),
        ("👩\u{200d}💻", "👩⟨U+200D⟩💻"),
        ("❤\u{fe0f}", "❤⟨U+FE0F⟩"),
    ] {
        assert_eq!(clean(text), shown);
    }
}

#[test]
fn every_format_character_and_every_ignorable_one_is_spelled_out() {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let mut count = 0;
    for c in ('\0'..=char::MAX).filter(|c| category(*c) == GeneralCategory::Format || ignorable.contains(*c)) {
        assert_eq!(clean(&format!("a{c}b")), format!("a⟨U+{:04X}⟩b", u32::from(c)));
        assert!(is_hostile(c));
        count += 1;
    }
    assert!(count > 4000, "{count}");
}

#[test]
fn no_mark_is_there_more_than_three_times_on_a_letter() {
    let mut count = 0;
    for c in ('\0'..=char::MAX).filter(|c| is_mark(*c) && kind(*c) != Kind::Hidden) {
        let shown = clean(&format!("a{}b", String::from(c).repeat(50))).into_owned();
        assert!(shown.chars().filter(|shown| is_mark(*shown)).count() <= MOST_MARKS, "{c:?}");
        assert!(shown.contains("⟨+") && shown.ends_with("⟩b"), "{shown:?}");
        count += 1;
    }
    assert!(count > 2000, "{count}");
    assert_eq!(clean(&format!("e{}", "\u{316}".repeat(500))), "e\u{316}\u{316}\u{316}⟨+497⟩");
    // Vowels of old Hangul take no column, either.
    assert_eq!(clean(&format!("x{}", "\u{1161}".repeat(9))), "x\u{1161}\u{1161}\u{1161}⟨+6⟩");
}

#[test]
fn a_mark_without_a_letter_stands_on_a_dotted_circle() {
    assert_eq!(clean("\u{316}a"), "◌\u{316}a");
    assert_eq!(clean("a\u{202e}\u{316}"), "a⟨U+202E⟩◌\u{316}");
}

#[test]
fn a_cell_holds_a_letter_and_its_marks() {
    for (symbol, held) in [
        ("a", Some("a")),
        ("e\u{316}\u{317}\u{318}\u{319}", Some("e\u{316}\u{317}\u{318}")),
        ("क्ष", Some("क्")),
        ("क्\u{200d}ष", Some("क्\u{200d}")),
        ("ा", Some("ा")),
        ("a\u{200d}", Some("a")),
        ("\u{316}", None),
        ("\u{202e}", None),
        ("\u{1b}", None),
        ("", None),
    ] {
        assert_eq!(cell(symbol), held, "{}", symbol.escape_unicode());
    }
}

#[test]
fn mixed_scripts_are_noticed() {
    assert!(Untrusted::new("\u{430}dmin").is_confusable());
    assert!(!Untrusted::new("admin").is_confusable());
    assert!(!Untrusted::new("Zoë").is_confusable());
}

fn any_text() -> impl Strategy<Value = String> {
    let word = proptest::sample::select(vec![
        "e", "\u{316}", "\u{301}", "\u{200d}", "\u{200c}", "क", "\u{94d}", "\u{93e}", "ی", "خ", "\u{64e}", "\u{202e}", "\u{1b}",
        "\u{1161}", "\u{1112}", "\u{9c7}", "\u{9be}", "\u{fe0f}", " ", "⟨", "\u{25cc}",
    ]);
    prop_oneof![any::<String>(), proptest::collection::vec(word, 0..30).prop_map(|words| words.concat())]
}

proptest! {
    #[test]
    fn nothing_hostile_survives(raw in any_text()) {
        let text = Untrusted::new(&raw);
        prop_assert!(is_harmless(text.shown().as_str()));
        prop_assert_eq!(text.raw(), raw.as_str());
        prop_assert!(is_harmless(text.shown_within(20).as_str()));
    }

    #[test]
    fn what_is_clean_stays_as_it_is(raw in any_text()) {
        let once = clean(&raw).into_owned();
        prop_assert_eq!(&*clean(&once), once.as_str());
        prop_assert!(once.nfc().eq(once.chars()));
    }
}
