//! `seq`: numbers from one to another, however many.

use std::fmt::Write as _;

use bashkit::{Command, CommandContext, CommandStatus, Result, async_trait};

use super::options::{Spec, Takes, option, sort};
use super::{CHUNK, complain};

const OPTIONS: &[Spec] = &[
    option('s', "separator", Takes::Value),
    option('f', "format", Takes::Value),
    option('w', "equal-width", Takes::Nothing),
];

pub(super) struct Seq;

/// A decimal number as it was written: so many units of ten to the minus `places`.
#[derive(Clone, Copy)]
struct Decimal {
    units: i128,
    places: u32,
}

impl Decimal {
    fn read(text: &str) -> Option<Decimal> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let all = format!("{whole}{part}");
        let is_number = !all.is_empty() && all.bytes().all(|byte| byte.is_ascii_digit());
        // What goes further than this is beyond what anyone counts to.
        if !is_number || all.len() > 30 {
            return None;
        }
        let places = u32::try_from(part.len()).ok()?;
        Some(Decimal { units: sign * all.parse::<i128>().ok()?, places })
    }

    fn at(self, places: u32) -> i128 {
        self.units * 10_i128.pow(places - self.places)
    }
}

/// A number of units, with so many digits after the point and before it.
fn written(to: &mut String, units: i128, places: u32, width: usize) {
    let unit = 10_u128.pow(places);
    let (whole, part) = (units.unsigned_abs() / unit, units.unsigned_abs() % unit);
    let sign = if units < 0 { "-" } else { "" };
    let digits =
        width.saturating_sub(sign.len() + if places > 0 { places as usize + 1 } else { 0 });
    // Writing to a String cannot fail.
    let _ = write!(to, "{sign}{whole:0digits$}");
    if places > 0 {
        let _ = write!(to, ".{part:0places$}", places = places as usize);
    }
}

/// `%5.2f` and its like: what stands before and after, and how the number is to look.
struct Format {
    before: String,
    after: String,
    zeros: bool,
    left: bool,
    width: usize,
    places: Option<usize>,
    conversion: char,
}

impl Format {
    fn read(text: &str) -> Option<Format> {
        let mut rest = text.chars().peekable();
        let mut literal = String::new();
        let mut format: Option<Format> = None;
        while let Some(letter) = rest.next() {
            if letter != '%' {
                literal.push(letter);
                continue;
            }
            if rest.next_if_eq(&'%').is_some() {
                literal.push('%');
                continue;
            }
            if format.is_some() {
                return None;
            }
            let (mut zeros, mut left) = (false, false);
            while let Some(flag) = rest.next_if(|letter| "0-+ #'".contains(*letter)) {
                zeros |= flag == '0';
                left |= flag == '-';
            }
            let mut number = || {
                let mut digits = String::new();
                while let Some(digit) = rest.next_if(char::is_ascii_digit) {
                    digits.push(digit);
                }
                digits
            };
            let width = number().parse().unwrap_or(0);
            let places = rest.next_if_eq(&'.').map(|_| {
                let mut digits = String::new();
                while let Some(digit) = rest.next_if(char::is_ascii_digit) {
                    digits.push(digit);
                }
                digits.parse().unwrap_or(0)
            });
            let conversion = rest.next().filter(|letter| "fFgGeE".contains(*letter))?;
            let before = std::mem::take(&mut literal);
            let after = String::new();
            format = Some(Format { before, after, zeros, left, width, places, conversion });
        }
        let mut format = format?;
        format.after = literal;
        (format.width <= 1000 && format.places.unwrap_or(0) <= 1000).then_some(format)
    }

    fn written(&self, to: &mut String, value: f64) {
        let places = self.places.unwrap_or(6);
        let text = match self.conversion {
            'f' | 'F' => format!("{value:.places$}"),
            'e' | 'E' => exponent(value, places),
            // Six digits that count, without zeros at the end.
            _ => general(value, places.max(1)),
        };
        let Format { width, before, after, .. } = self;
        let _ = if self.left {
            write!(to, "{before}{text:<width$}{after}")
        } else if self.zeros {
            let (sign, digits) = text.split_at(usize::from(text.starts_with('-')));
            let width = width.saturating_sub(sign.len());
            write!(to, "{before}{sign}{digits:0>width$}{after}")
        } else {
            write!(to, "{before}{text:>width$}{after}")
        };
    }
}

fn exponent(value: f64, places: usize) -> String {
    let text = format!("{value:.places$e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let sign = if power < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", power.abs())
}

fn general(value: f64, digits: usize) -> String {
    let power: i32 = format!("{value:.*e}", digits - 1)
        .split_once('e')
        .and_then(|(_, power)| power.parse().ok())
        .unwrap_or(0);
    let most = i32::try_from(digits).unwrap_or(i32::MAX);
    let trimmed = |text: &str| {
        let fraction = text.contains('.').then(|| text.trim_end_matches('0').trim_end_matches('.'));
        fraction.unwrap_or(text).to_owned()
    };
    if power < -4 || power >= most {
        let text = exponent(value, digits - 1);
        let (digits, power) = text.split_once('e').unwrap_or((&text, "+00"));
        return format!("{}e{power}", trimmed(digits));
    }
    let places = usize::try_from(most - 1 - power).unwrap_or(0);
    trimmed(&format!("{value:.places$}"))
}

#[async_trait]
impl Command for Seq {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        let is_number = |word: &str| Decimal::read(word).is_some();
        let words = match sort(ctx.args, OPTIONS, is_number) {
            Ok(words) => words,
            Err(sentence) => {
                return Ok(CommandStatus::with_code(complain(&ctx, &sentence, 1).await?));
            }
        };
        let (first, step, last) = match words.operands.as_slice() {
            [last] => ("1", "1", last.as_str()),
            [first, last] => (first.as_str(), "1", last.as_str()),
            [first, step, last] => (first.as_str(), step.as_str(), last.as_str()),
            [] => return Ok(CommandStatus::with_code(complain(&ctx, "missing operand", 1).await?)),
            [_, _, _, extra, ..] => {
                let sentence = format!("extra operand '{extra}'");
                return Ok(CommandStatus::with_code(complain(&ctx, &sentence, 1).await?));
            }
        };
        let mut numbers = Vec::new();
        for text in [first, step, last] {
            let Some(number) = Decimal::read(text) else {
                let sentence = format!("invalid floating point argument: '{text}'");
                return Ok(CommandStatus::with_code(complain(&ctx, &sentence, 1).await?));
            };
            numbers.push(number);
        }
        let format = match words.value("format").map(|text| (text, Format::read(text))) {
            Some((text, None)) => {
                let sentence = format!("format '{text}' has no usable % directive");
                return Ok(CommandStatus::with_code(complain(&ctx, &sentence, 1).await?));
            }
            Some((_, format)) => format,
            None => None,
        };
        let (first, step, last) = (numbers[0], numbers[1], numbers[2]);
        if step.units == 0 {
            let sentence = format!("invalid Zero increment value: '{}'", words.operands[1]);
            return Ok(CommandStatus::with_code(complain(&ctx, &sentence, 1).await?));
        }
        // The last one decides nothing about how the numbers look but where it is reached.
        let places = first.places.max(step.places);
        let scale = places.max(last.places);
        let (at, by, end) = (first.at(scale), step.at(scale), last.at(scale));
        let down = 10_i128.pow(scale - places);
        let separator = words.value("separator").unwrap_or("\n");
        let width = if words.has("equal-width") {
            [at, at + (end - at) / by * by]
                .iter()
                .map(|units| {
                    let mut text = String::new();
                    written(&mut text, units / down, places, 0);
                    text.len()
                })
                .max()
                .unwrap_or(0)
        } else {
            0
        };
        let mut lines = String::with_capacity(CHUNK + 64);
        let mut now = at;
        while if by > 0 { now <= end } else { now >= end } {
            if now != at {
                lines.push_str(separator);
            }
            match &format {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "as the usual one, whose are floats"
                )]
                Some(format) => {
                    format.written(&mut lines, now as f64 / 10_f64.powi(scale.cast_signed()));
                }
                None => written(&mut lines, now / down, places, width),
            }
            now += by;
            if lines.len() >= CHUNK {
                ctx.stdout.write_all(lines.as_bytes()).await?;
                lines.clear();
                tokio::task::yield_now().await;
            }
        }
        if now != at {
            lines.push('\n');
        }
        ctx.stdout.write_all(lines.as_bytes()).await?;
        Ok(CommandStatus::success())
    }
}
