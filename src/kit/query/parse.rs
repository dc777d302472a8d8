//! From words to the tree: `not` before `and` before `or`, and blanks are `and`.

use super::field::{Kind, Spec};
use super::scan::{Scanner, Until, Word};
use super::tree::{Expr, How, Network, Test, Want};
use super::{QueryError, amount, check, value};
use crate::kit::source::did_you_mean;

/// So deep parentheses and `not` may be nested.
const DEEPEST: usize = 64;

/// What stands between a field and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Is,
    IsNot,
    Has,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Operator {
    /// As it is written, the longer ones first.
    const ALL: [(&'static str, Self); 8] = [
        ("!=", Self::IsNot),
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("<", Self::Less),
        (">", Self::More),
        ("=", Self::Is),
        (":", Self::Has),
        ("~", Self::Has),
    ];

    /// Whether it compares.
    pub(super) fn compares(self) -> bool {
        matches!(self, Self::Less | Self::AtMost | Self::More | Self::AtLeast)
    }

    /// The sign.
    pub(super) fn sign(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, operator)| *operator == self).map_or("", |(sign, _)| sign)
    }
}

pub(super) fn parse(text: &str, fields: &[Spec]) -> Result<Expr, QueryError> {
    let mut parser = Parser { scanner: Scanner::new(text), fields, nested: 0 };
    parser.scanner.skip();
    if parser.scanner.peek().is_none() {
        return Ok(Expr::And(Vec::new()));
    }
    let tree = parser.either()?;
    match parser.scanner.peek() {
        None => Ok(tree),
        // Nothing but a keyword stops the parser before the end.
        Some(_) => Err(missing("before", "or")),
    }
}

struct Parser<'f> {
    scanner: Scanner,
    fields: &'f [Spec],
    nested: usize,
}

impl Parser<'_> {
    /// Parts with `or` between them.
    fn either(&mut self) -> Result<Expr, QueryError> {
        let mut parts = vec![self.all()?];
        loop {
            self.scanner.skip();
            if !self.scanner.keyword("or") {
                break;
            }
            self.scanner.skip();
            if self.is_over() {
                return Err(missing("after", "or"));
            }
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expr::Or(parts) })
    }

    /// Parts with `and` or a blank between them.
    fn all(&mut self) -> Result<Expr, QueryError> {
        let mut parts: Vec<(Expr, String)> = Vec::new();
        loop {
            self.scanner.skip();
            let before = self.scanner.at();
            if self.is_over() || self.scanner.keyword("or") {
                self.scanner.go_to(before);
                break;
            }
            if self.scanner.keyword("and") {
                self.scanner.skip();
                let after = self.scanner.at();
                let lacks = self.is_over() || self.scanner.keyword("or") || self.scanner.keyword("and");
                self.scanner.go_to(after);
                if parts.is_empty() || lacks {
                    return Err(missing(if parts.is_empty() { "before" } else { "after" }, "and"));
                }
            }
            let start = self.scanner.at();
            let part = self.part()?;
            parts.push((part, self.scanner.since(start)));
        }
        if parts.is_empty() {
            return Err(missing("beside", "or"));
        }
        check::together(&parts, self.fields)?;
        let mut parts: Vec<Expr> = parts.into_iter().map(|(part, _)| part).collect();
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expr::And(parts) })
    }

    /// One part, perhaps denied.
    fn part(&mut self) -> Result<Expr, QueryError> {
        self.nested += 1;
        if self.nested > DEEPEST {
            return Err(QueryError::new(format!("parentheses and \"not\" go no deeper than {DEEPEST}")));
        }
        let start = self.scanner.at();
        let part = if self.scanner.keyword("not") {
            self.scanner.skip();
            if self.is_over() {
                return Err(missing("after", "not"));
            }
            Expr::Not(Box::new(self.part()?))
        } else if self.scanner.eat('!') {
            if self.scanner.skip() && !self.is_over() { Expr::Not(Box::new(self.part()?)) } else { self.denied(start)? }
        } else if self.scanner.eat('-') {
            self.denied(start)?
        } else {
            self.single()?
        };
        self.nested -= 1;
        Ok(part)
    }

    /// What stands directly behind a sign that denies it. The sign alone is a text.
    fn denied(&mut self, start: usize) -> Result<Expr, QueryError> {
        if self.scanner.at_end_of_word() {
            self.scanner.go_to(start);
            return self.free();
        }
        Ok(Expr::Not(Box::new(self.single()?)))
    }

    /// A group, a question to a field, or a text.
    fn single(&mut self) -> Result<Expr, QueryError> {
        if self.scanner.eat('(') {
            self.scanner.depth += 1;
            self.nested += 1;
            self.scanner.skip();
            if self.nested <= DEEPEST && self.scanner.peek() == Some(')') {
                return Err(QueryError::new(
                    "there is nothing between the parentheses; text with a parenthesis goes in quotation marks",
                ));
            }
            let group = self.either()?;
            self.scanner.skip();
            if !self.scanner.eat(')') {
                return Err(QueryError::new("a parenthesis is not closed; text with a parenthesis goes in quotation marks"));
            }
            self.scanner.depth -= 1;
            self.nested -= 1;
            return Ok(group);
        }
        let start = self.scanner.at();
        if self.scanner.peek() != Some('"')
            && let Some(test) = self.question()?
        {
            return Ok(test);
        }
        self.scanner.go_to(start);
        self.free()
    }

    /// A field, an operator and a value; `None`: it is a text.
    fn question(&mut self) -> Result<Option<Expr>, QueryError> {
        let name = self.scanner.name();
        if name.is_empty() {
            return Ok(None);
        }
        let found = self.fields.iter().enumerate().find(|(_, field)| field.is_called(&name));
        let (attached, start) = (self.operator(), self.scanner.at());
        match (found, attached) {
            // An ARN is looked for everywhere.
            (Some((_, field)), Some(Operator::Has)) if field.id == "arn" => Ok(None),
            (Some((at, field)), Some(operator)) => self.asked(at, field, operator).map(Some),
            (Some((at, field)), None) if self.scanner.at_end_of_word() => {
                self.scanner.skip();
                self.detached(at, field)
            }
            (None, Some(operator)) => {
                self.scanner.go_to(start);
                let word = self.scanner.word(Until::Group)?;
                mistyped(&name, operator, &word, self.fields).map_or(Ok(None), Err)
            }
            (_, None) => Ok(None),
        }
    }

    /// A question with blanks around its operator.
    fn detached(&mut self, at: usize, field: &Spec) -> Result<Option<Expr>, QueryError> {
        let start = self.scanner.at();
        if self.scanner.keyword("in") {
            return self.one_of(at, field, How::Is).map(Some);
        }
        if self.scanner.keyword("not") {
            self.scanner.skip();
            if self.scanner.keyword("in") {
                return self.one_of(at, field, How::IsNot).map(Some);
            }
            self.scanner.go_to(start);
        }
        match self.operator() {
            Some(Operator::Has) | None => Ok(None),
            // `user <root_account>` are two texts.
            Some(operator) if operator.compares() && !value::can_be_compared(field) => Ok(None),
            Some(operator) => self.asked(at, field, operator).map(Some),
        }
    }

    fn operator(&mut self) -> Option<Operator> {
        Operator::ALL.into_iter().find(|(sign, _)| self.scanner.eat_all(sign)).map(|(_, operator)| operator)
    }

    /// Reads the value and makes the question.
    fn asked(&mut self, at: usize, field: &Spec, operator: Operator) -> Result<Expr, QueryError> {
        match operator {
            Operator::Has => {
                while self.scanner.eat(':') {}
                let word = self.scanner.word(Until::Group)?;
                Ok(test(at, How::Is, vec![value::piece(&word, field)?]))
            }
            Operator::Is | Operator::IsNot => {
                while operator == Operator::Is && self.scanner.eat('=') {}
                let how = if operator == Operator::Is { How::Is } else { How::IsNot };
                self.scanner.skip();
                if self.scanner.peek() == Some('(') {
                    return self.one_of(at, field, how);
                }
                let word = self.value(field, operator)?;
                let words = if matches!(field.kind, Kind::Text) { vec![word] } else { word.split(',') };
                self.wants(at, field, how, &words)
            }
            _ => {
                let word = self.value(field, operator)?;
                Ok(test(at, How::Is, vec![value::compared(&word, field, operator)?]))
            }
        }
    }

    fn value(&mut self, field: &Spec, operator: Operator) -> Result<Word, QueryError> {
        self.scanner.skip();
        let word = self.scanner.word(Until::Group)?;
        if word.is_missing() {
            return Err(QueryError::new(format!(
                "a value is missing after {}{}{}",
                field.id,
                operator.sign(),
                value::there_are(field)
            )));
        }
        Ok(word)
    }

    /// `in (a, b)`: a list in parentheses, or one without blanks.
    fn one_of(&mut self, at: usize, field: &Spec, how: How) -> Result<Expr, QueryError> {
        self.scanner.skip();
        let mut words = Vec::new();
        if self.scanner.eat('(') {
            loop {
                while self.scanner.skip() || self.scanner.eat(',') {}
                if self.scanner.eat(')') {
                    break;
                }
                if self.scanner.peek().is_none() {
                    return Err(QueryError::new(format!("the list of values for {} is not closed by a parenthesis", field.id)));
                }
                words.push(self.scanner.word(Until::Item)?);
            }
        } else {
            words = self.scanner.word(Until::Group)?.split(',');
        }
        words.retain(|word| !word.is_missing());
        self.wants(at, field, how, &words)
    }

    fn wants(&mut self, at: usize, field: &Spec, how: How, words: &[Word]) -> Result<Expr, QueryError> {
        if words.is_empty() {
            return Err(QueryError::new(format!("a value is missing for {}{}", field.id, value::there_are(field))));
        }
        let mut wants = Vec::new();
        for word in words {
            wants.extend(value::wanted(word, field, how)?);
        }
        Ok(test(at, how, wants))
    }

    /// A text that is looked for in every field.
    fn free(&mut self) -> Result<Expr, QueryError> {
        let word = self.scanner.word(Until::Group)?;
        let text = word.small();
        let mut wants = vec![Want::Piece { time: amount::could_be_of_a_time(&text), text: text.clone() }];
        if !word.literal && text.contains('/') {
            match Network::parse(&text) {
                Some(network) => wants.push(Want::Network(network)),
                None if value::looks_like_a_network(&text) => return Err(value::no_network(&text)),
                None => {}
            }
        }
        Ok(Expr::Test(Test { field: None, how: How::Is, wants }))
    }

    fn is_over(&self) -> bool {
        self.scanner.peek().is_none_or(|character| character == ')' && self.scanner.depth > 0)
    }
}

fn test(field: usize, how: How, wants: Vec<Want>) -> Expr {
    Expr::Test(Test { field: Some(field), how, wants })
}

fn missing(side: &str, word: &str) -> QueryError {
    QueryError::new(format!("a term is missing {side} \"{word}\"; to look for the word itself, put it in quotation marks"))
}

/// `mfaa=no` is a mistake, and so is `mfaa:no`, which looks much like a field; `arn:aws:iam` is a text.
fn mistyped(name: &str, operator: Operator, word: &Word, fields: &[Spec]) -> Option<QueryError> {
    let small = name.to_lowercase();
    let near = name.len() > 2 && fields.iter().any(|field| strsim::levenshtein(field.id, &small) <= 1);
    let is_text = operator == Operator::Has && (!near || word.is_missing());
    (!is_text).then(|| {
        let ids: Vec<&str> = fields.iter().map(|field| field.id).collect();
        let names = fields.iter().flat_map(|field| std::iter::once(field.id).chain(field.aliases.iter().copied()));
        QueryError::new(format!("there is no field {name:?}; there are {}{}", ids.join(", "), did_you_mean(&small, names)))
    })
}
