//! DNS messages (RFC 1035), as far as a stub needs them. Nothing that is read here can be trusted.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Types and the class of records.
pub(crate) const A: u16 = 1;
pub(crate) const CNAME: u16 = 5;
pub(crate) const AAAA: u16 = 28;
pub(crate) const INTERNET: u16 = 1;

/// Response codes.
pub(crate) const NO_ERROR: u8 = 0;
pub(crate) const FORMAT_ERROR: u8 = 1;
pub(crate) const SERVER_FAILURE: u8 = 2;
pub(crate) const NO_SUCH_NAME: u8 = 3;
pub(crate) const NOT_IMPLEMENTED: u8 = 4;
pub(crate) const REFUSED: u8 = 5;

const HEADER: usize = 12;
const MOST_NAME: usize = 255;
const MOST_LABEL: usize = 63;
/// No honest name jumps more often.
const MOST_JUMPS: usize = 32;
const MOST_ALIASES: usize = 16;

/// A name of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    /// Labels of letters, digits, `-` and `_` in lower case, with dots between.
    Host(String),
    /// Anything else, for people.
    Odd(String),
}

/// What a program asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) id: u16,
    pub(crate) name: Name,
    pub(crate) kind: u16,
    pub(crate) class: u16,
    /// The question's bytes, which an answer repeats.
    bytes: Vec<u8>,
    recursion: bool,
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes([pair[0], pair[1]]))
}

/// Reads a name that starts at `at`; gives it and where it ends. Names of questions are not
/// compressed.
fn read_name(message: &[u8], at: usize, compressed: bool) -> Option<(Name, usize)> {
    let mut text = String::new();
    let (mut at, mut end, mut odd) = (at, None, false);
    let (mut total, mut jumps) = (1, 0);
    loop {
        let length = usize::from(*message.get(at)?);
        match length {
            0 => break,
            1..=MOST_LABEL => {
                let label = message.get(at + 1..at + 1 + length)?;
                total += length + 1;
                if total > MOST_NAME {
                    return None;
                }
                if !text.is_empty() {
                    text.push('.');
                }
                for byte in label {
                    if byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'_' {
                        text.push(char::from(byte.to_ascii_lowercase()));
                    } else {
                        odd = true;
                        let _ = write!(text, "\\{byte:03}");
                    }
                }
                at += 1 + length;
            }
            0xC0.. if compressed => {
                let target = usize::from(word(message, at)? & 0x3FFF);
                end.get_or_insert(at + 2);
                jumps += 1;
                // Only backwards, so that it ends.
                if target >= at || jumps > MOST_JUMPS {
                    return None;
                }
                at = target;
            }
            _ => return None,
        }
    }
    let name = if odd || text.is_empty() { Name::Odd(text) } else { Name::Host(text) };
    Some((name, end.unwrap_or(at + 1)))
}

/// Reads a question. The error is the whole answer to send, or nothing if none can be given.
pub(crate) fn read_question(message: &[u8]) -> Result<Question, Option<Vec<u8>>> {
    let (Some(id), Some(flags)) = (word(message, 0), word(message, 2)) else { return Err(None) };
    if message.len() < HEADER || flags & 0x8000 != 0 {
        return Err(None);
    }
    let refuse = |code: u8| {
        let mut answer = id.to_be_bytes().to_vec();
        answer.extend((0x8000 | (flags & 0x7900) | u16::from(code)).to_be_bytes());
        answer.resize(HEADER, 0);
        Some(answer)
    };
    if (flags >> 11) & 0xF != 0 {
        return Err(refuse(NOT_IMPLEMENTED));
    }
    if word(message, 4) != Some(1) {
        return Err(refuse(FORMAT_ERROR));
    }
    let Some((name, end)) = read_name(message, HEADER, false) else {
        return Err(refuse(FORMAT_ERROR));
    };
    let (Some(kind), Some(class)) = (word(message, end), word(message, end + 2)) else {
        return Err(refuse(FORMAT_ERROR));
    };
    let bytes = message[HEADER..end + 4].to_vec();
    Ok(Question { id, name, kind, class, bytes, recursion: flags & 0x100 != 0 })
}

impl Question {
    /// An answer with a code and no records.
    pub(crate) fn answer(&self, code: u8) -> Vec<u8> {
        self.compose(code, &[])
    }

    /// An answer with one IPv4 address.
    pub(crate) fn answer_with(&self, address: Ipv4Addr, seconds: u32) -> Vec<u8> {
        // The name is that of the question.
        let mut record = vec![0xC0, 12];
        record.extend(A.to_be_bytes());
        record.extend(INTERNET.to_be_bytes());
        record.extend(seconds.to_be_bytes());
        record.extend(4_u16.to_be_bytes());
        record.extend(address.octets());
        self.compose(NO_ERROR, &record)
    }

    fn compose(&self, code: u8, record: &[u8]) -> Vec<u8> {
        let mut message = self.id.to_be_bytes().to_vec();
        let recursion = if self.recursion { 0x100 } else { 0 };
        // A response, with recursion available.
        message.extend((0x8080 | recursion | u16::from(code)).to_be_bytes());
        let records = u16::from(!record.is_empty());
        for count in [1, records, 0, 0] {
            message.extend(count.to_be_bytes());
        }
        message.extend(&self.bytes);
        message.extend(record);
        message
    }
}

/// A question of our own. `None` for what is no name.
pub(crate) fn ask(id: u16, name: &str, kind: u16) -> Option<Vec<u8>> {
    let mut message = id.to_be_bytes().to_vec();
    for part in [0x100_u16, 1, 0, 0, 0] {
        message.extend(part.to_be_bytes());
    }
    for label in name.split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length))?;
        message.push(length);
        message.extend(label.as_bytes());
    }
    message.push(0);
    message.extend(kind.to_be_bytes());
    message.extend(INTERNET.to_be_bytes());
    (name.len() < MOST_NAME - 1).then_some(message)
}

/// What a server answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) code: u8,
    /// It did not fit, and must be asked for by TCP.
    pub(crate) truncated: bool,
    pub(crate) addresses: Vec<IpAddr>,
    /// The shortest time that any of the records holds.
    pub(crate) seconds: u32,
}

/// Reads the reply to a question of ours. `None` when it is none, or makes no sense.
pub(crate) fn read_reply(message: &[u8], question: &[u8]) -> Option<Reply> {
    let flags = word(message, 2)?;
    let asked = question.get(HEADER..)?;
    let repeated = message.get(HEADER..HEADER + asked.len())?;
    let same = message[..2] == question[..2] && repeated.eq_ignore_ascii_case(asked);
    if !same || flags & 0x8000 == 0 || word(message, 4) != Some(1) {
        return None;
    }
    let (mut owner, end) = read_name(question, HEADER, false)?;
    let kind = word(question, end)?;
    let code = u8::try_from(flags & 0xF).ok()?;
    let truncated = flags & 0x200 != 0;
    let mut reply = Reply { code, truncated, addresses: Vec::new(), seconds: u32::MAX };
    let (mut at, mut aliases) = (question.len(), 0);
    for _ in 0..word(message, 6)? {
        let (name, end) = read_name(message, at, true)?;
        let (found, class) = (word(message, end)?, word(message, end + 2)?);
        let seconds = u32::from(word(message, end + 4)?) << 16 | u32::from(word(message, end + 6)?);
        let start = end + 10;
        at = start + usize::from(word(message, end + 8)?);
        let data = message.get(start..at)?;
        if name != owner || class != INTERNET {
            continue;
        }
        if found == CNAME {
            owner = read_name(message, start, true)?.0;
            aliases += 1;
            if aliases > MOST_ALIASES {
                return None;
            }
        } else if found == kind {
            let address = match data.len() {
                4 => IpAddr::from(Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?)),
                16 => IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(data).ok()?)),
                _ => return None,
            };
            reply.addresses.push(address);
        } else {
            continue;
        }
        reply.seconds = reply.seconds.min(seconds);
    }
    Some(reply)
}

#[cfg(test)]
mod tests;
