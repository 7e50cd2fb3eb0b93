//! Gzip (RFC 1952), taken by its magic bytes and unpacked in bounded steps.

use std::fmt;

use contract::{FileDamage, GZIP_TWICE, NO_LINE_FEEDS};
use flate2::{Decompress, FlushDecompress, Status};

use crate::Code;

/// The most that one step unpacks, bytes. A gzip bomb of a thousand times its size costs time, but no memory.
pub(crate) const STEP_BYTES: usize = 64 * 1024;
/// How every gzip file begins.
pub(crate) const MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Deflate's largest window, 2^15 bytes, which every gzip file may use.
const WINDOW_BITS: u8 = 15;

/// Why a file could not be read to its end, or not as what it is. What was read before is accounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The file ends inside a gzip member.
    Truncated {
        /// The file's length, compressed bytes.
        offset: u64,
    },
    /// The file breaks the gzip format, fails its checksum, or has something other than zeros behind its last member.
    /// The checksum comes last: rows before the break that read well may still differ from what was packed.
    Corrupt {
        /// About where, compressed bytes from the start.
        offset: u64,
    },
    /// What the gzip file holds is gzip once more. No line is read of it.
    PackedTwice,
    /// The file is UTF-16. Its lines are accounted, and none of them is a row.
    Utf16,
    /// The file has carriage returns between its rows and not one line feed: it is one line.
    NoLineFeeds,
    /// The file unpacks to more than the contract allows.
    Ratio {
        /// How much it allows of this file, bytes.
        most: u64,
    },
}

impl Damage {
    /// The code of a line that the damage cuts in two, where there is one.
    pub(crate) fn code(self) -> Code {
        match self {
            Self::Truncated { .. } => Code::GzipTruncated,
            Self::Corrupt { .. } | Self::PackedTwice => Code::GzipCorrupt,
            Self::Utf16 => Code::Utf16,
            Self::NoLineFeeds => Code::JsonSyntax,
            Self::Ratio { .. } => Code::GzipRatio,
        }
    }
}

impl From<Damage> for FileDamage {
    fn from(damage: Damage) -> Self {
        let code = match damage {
            Damage::PackedTwice => GZIP_TWICE,
            Damage::NoLineFeeds => NO_LINE_FEEDS,
            _ => damage.code().as_str(),
        };
        Self { code: code.to_owned(), text: damage.to_string() }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { offset } => write!(formatter, "the gzip file is cut off after {offset} compressed bytes"),
            Self::Corrupt { offset } => write!(formatter, "the gzip file is damaged at about compressed byte {offset}"),
            Self::PackedTwice => {
                formatter.write_str("the gzip file holds another gzip file: unpack it once, and upload what it holds")
            }
            Self::Utf16 => formatter.write_str("the file is UTF-16: export it as UTF-8, and upload it again"),
            Self::NoLineFeeds => formatter.write_str(
                "the file has carriage returns and no line feeds between its rows: write line feeds, and upload it again",
            ),
            Self::Ratio { most } => write!(
                formatter,
                "the gzip file unpacks to more than the {most} bytes that the contract's `max_gzip_ratio` allows of it"
            ),
        }
    }
}

/// The bytes of a file, unpacked where they are gzip. The name of the file plays no part.
pub(crate) enum Inflater {
    /// Nothing is known yet; the file may have started with gzip's first magic byte.
    Start {
        first_magic: bool,
        /// The most that gzip may unpack to, bytes.
        most: Option<u64>,
    },
    Plain,
    Gzip(Box<Gzip>),
}

impl Inflater {
    /// Takes a piece off the front of `input` and hands what it holds, at most [`STEP_BYTES`], to `on_bytes`.
    /// Tells whether there is more to do before the next input.
    pub(crate) fn step(&mut self, input: &mut &[u8], on_bytes: &mut impl FnMut(&[u8])) -> Result<bool, Damage> {
        match self {
            Self::Start { .. } => self.start(input, on_bytes),
            Self::Plain => {
                let (piece, rest) = input.split_at(input.len().min(STEP_BYTES));
                *input = rest;
                on_bytes(piece);
                Ok(!rest.is_empty())
            }
            Self::Gzip(gzip) => gzip.step(input, on_bytes),
        }
    }

    /// Decides between plain and gzip, which takes two bytes.
    fn start(&mut self, input: &mut &[u8], on_bytes: &mut impl FnMut(&[u8])) -> Result<bool, Damage> {
        let Self::Start { first_magic, most } = self else { return Ok(!input.is_empty()) };
        let (held, most) = (std::mem::take(first_magic), *most);
        match (held, *input) {
            (_, []) => *first_magic = held,
            (false, [first]) if *first == MAGIC[0] => {
                *first_magic = true;
                *input = &[];
            }
            (false, bytes) if bytes.starts_with(&MAGIC) => *self = Self::Gzip(Gzip::new(most)),
            (true, [second, ..]) if *second == MAGIC[1] => {
                let mut gzip = Gzip::new(most);
                gzip.step(&mut &MAGIC[..1], on_bytes)?;
                *self = Self::Gzip(gzip);
            }
            (held, _) => {
                if held {
                    on_bytes(&MAGIC[..1]);
                }
                *self = Self::Plain;
            }
        }
        Ok(!input.is_empty())
    }

    /// Ends the file.
    pub(crate) fn finish(&mut self, on_bytes: &mut impl FnMut(&[u8])) -> Result<(), Damage> {
        match self {
            Self::Start { first_magic: true, .. } => {
                on_bytes(&MAGIC[..1]);
                Ok(())
            }
            Self::Gzip(gzip) if gzip.in_member => {
                gzip.let_go(on_bytes);
                Err(Damage::Truncated { offset: gzip.taken })
            }
            _ => Ok(()),
        }
    }
}

/// A gzip file: members one after another, zeros allowed behind each (tapes and block devices pad with them).
pub(crate) struct Gzip {
    inflate: Decompress,
    in_member: bool,
    held: Held,
    /// Compressed bytes taken.
    taken: u64,
    /// Bytes given out, and the most of them.
    given: u64,
    most: Option<u64>,
    output: Vec<u8>,
}

/// What has come of the two bytes by which a member shows that it holds gzip once more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    /// None yet.
    Nothing,
    /// The first. It is not handed out before the second is seen.
    First,
    /// Enough to know that it does not.
    Past,
}

impl Gzip {
    fn new(most: Option<u64>) -> Box<Self> {
        let inflate = Decompress::new_gzip(WINDOW_BITS);
        Box::new(Self {
            inflate,
            in_member: true,
            held: Held::Nothing,
            taken: 0,
            given: 0,
            most,
            output: vec![0; STEP_BYTES],
        })
    }

    fn step(&mut self, input: &mut &[u8], on_bytes: &mut impl FnMut(&[u8])) -> Result<bool, Damage> {
        if !self.in_member {
            self.skip_padding(input);
            if input.is_empty() {
                return Ok(false);
            }
            if input[0] != MAGIC[0] {
                return Err(Damage::Corrupt { offset: self.taken });
            }
            self.inflate.reset(true);
            self.in_member = true;
            self.held = Held::Nothing;
        }
        let (taken, given) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self.inflate.decompress(input, &mut self.output, FlushDecompress::None);
        let taken = (self.inflate.total_in() - taken) as usize;
        let given = (self.inflate.total_out() - given) as usize;
        *input = &input[taken..];
        self.taken += taken as u64;
        // Up to the last byte that is allowed, so that it breaks off at the same row however the file is cut.
        let room = self.most.map_or(u64::MAX, |most| most - self.given);
        let allowed = given.min(usize::try_from(room).unwrap_or(usize::MAX));
        self.given += allowed as u64;
        self.hand_out(allowed, on_bytes)?;
        if let Some(most) = self.most.filter(|_| allowed < given) {
            self.let_go(on_bytes);
            return Err(Damage::Ratio { most });
        }
        match status {
            Ok(Status::StreamEnd) => {
                self.let_go(on_bytes);
                self.in_member = false;
            }
            Ok(Status::Ok | Status::BufError) => {}
            Err(_) => {
                self.let_go(on_bytes);
                return Err(Damage::Corrupt { offset: self.taken });
            }
        }
        // A full output may have left some inside the decoder.
        Ok(!input.is_empty() || given == self.output.len())
    }

    /// Hands out the first `given` bytes of the output, unless the member holds gzip.
    fn hand_out(&mut self, given: usize, on_bytes: &mut impl FnMut(&[u8])) -> Result<(), Damage> {
        match (self.held, &self.output[..given]) {
            (_, []) => {}
            (Held::Nothing, [first]) if *first == MAGIC[0] => self.held = Held::First,
            (Held::Nothing, bytes) if bytes.starts_with(&MAGIC) => return Err(Damage::PackedTwice),
            (Held::First, [second, ..]) if *second == MAGIC[1] => return Err(Damage::PackedTwice),
            (held, bytes) => {
                if held == Held::First {
                    on_bytes(&MAGIC[..1]);
                }
                on_bytes(bytes);
                self.held = Held::Past;
            }
        }
        Ok(())
    }

    /// Hands out a byte that is held, once nothing follows it.
    fn let_go(&mut self, on_bytes: &mut impl FnMut(&[u8])) {
        if self.held == Held::First {
            on_bytes(&MAGIC[..1]);
        }
        self.held = Held::Past;
    }

    fn skip_padding(&mut self, input: &mut &[u8]) {
        let zeros = input.iter().take_while(|byte| **byte == 0).count();
        *input = &input[zeros..];
        self.taken += zeros as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn unpack(input: &[u8], piece: usize) -> (Vec<u8>, Option<Damage>) {
        unpack_at_most(input, piece, None)
    }

    fn unpack_at_most(input: &[u8], piece: usize, most: Option<u64>) -> (Vec<u8>, Option<Damage>) {
        let mut output = Vec::new();
        let mut inflater = Inflater::Start { first_magic: false, most };
        let mut on_bytes = |bytes: &[u8]| {
            assert!(bytes.len() <= STEP_BYTES);
            output.extend_from_slice(bytes);
        };
        for mut piece in input.chunks(piece) {
            loop {
                match inflater.step(&mut piece, &mut on_bytes) {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(damage) => return (output, Some(damage)),
                }
            }
        }
        let damage = inflater.finish(&mut on_bytes).err();
        (output, damage)
    }

    fn check(input: &[u8], expected: &[u8], damage: Option<Damage>) {
        for piece in [1, 2, 3, 7, 100, input.len().max(1)] {
            let (output, found) = unpack(input, piece);
            assert!(output == expected, "output differs in pieces of {piece}");
            assert_eq!(found, damage, "in pieces of {piece}");
        }
    }

    #[test]
    fn members_and_padding_are_one_stream() {
        check(b"", b"", None);
        check(&gzip(b""), b"", None);
        check(&gzip(b"abc"), b"abc", None);
        check(&[gzip(b"abc"), vec![], gzip(b""), vec![0; 600], gzip(b"def"), vec![0; 9]].concat(), b"abcdef", None);
    }

    #[test]
    fn what_has_no_magic_bytes_is_plain() {
        check(b"{}", b"{}", None);
        check(b"\x1f", b"\x1f", None);
        check(b"\x1fabc", b"\x1fabc", None);
        check(b"\x8b\x1f", b"\x8b\x1f", None);
    }

    #[test]
    fn a_cut_is_told_from_damage() {
        let whole = gzip(b"abcdefgh");
        let cut = &whole[..whole.len() - 1];
        check(cut, b"abcdefgh", Some(Damage::Truncated { offset: cut.len() as u64 }));
        check(&whole[..5], b"", Some(Damage::Truncated { offset: 5 }));
        let (output, damage) = unpack(&[whole.clone(), b"trailing".to_vec()].concat(), 64);
        assert_eq!(output, b"abcdefgh");
        assert!(matches!(damage, Some(Damage::Corrupt { .. })), "{damage:?}");
        check(
            &[whole.clone(), b"\n".to_vec()].concat(),
            b"abcdefgh",
            Some(Damage::Corrupt { offset: whole.len() as u64 }),
        );
        let mut wrong = whole;
        let checksum = wrong.len() - 8;
        wrong[checksum] ^= 1;
        let (output, damage) = unpack(&wrong, 64);
        assert_eq!(output, b"abcdefgh");
        assert!(matches!(damage, Some(Damage::Corrupt { .. })), "{damage:?}");
    }

    #[test]
    fn what_is_packed_twice_is_told_and_not_handed_out() {
        check(&gzip(&gzip(b"abc")), b"", Some(Damage::PackedTwice));
        check(&gzip(b"\x1f\x8b"), b"", Some(Damage::PackedTwice));
        check(&[gzip(b"abc\n"), gzip(&gzip(b"abc"))].concat(), b"abc\n", Some(Damage::PackedTwice));
        check(&gzip(b"\x1f"), b"\x1f", None);
        check(&gzip(b"\x1fabc"), b"\x1fabc", None);
        check(&gzip(b"a\x1f\x8b"), b"a\x1f\x8b", None);
        check(&[gzip(b"\x1f"), gzip(b"\x8b")].concat(), b"\x1f\x8b", None);
        let whole = gzip(b"\x1f");
        check(&whole[..whole.len() - 8], b"\x1f", Some(Damage::Truncated { offset: whole.len() as u64 - 8 }));
    }

    #[test]
    fn a_bomb_is_unpacked_in_steps() {
        let bomb = gzip(&vec![b'\n'; 20_000_000]);
        assert!(bomb.len() < 25_000);
        let (output, damage) = unpack(&bomb, bomb.len());
        assert_eq!((output.len(), damage), (20_000_000, None));
    }

    #[test]
    fn a_bomb_is_broken_off_at_the_same_byte_however_it_is_cut() {
        let bomb = [gzip(&vec![b'\n'; 700_000]), gzip(&vec![b'\n'; 700_000])].concat();
        for piece in [1, 7, 100, bomb.len()] {
            let (output, damage) = unpack_at_most(&bomb, piece, Some(1_000_000));
            assert_eq!((output.len(), damage), (1_000_000, Some(Damage::Ratio { most: 1_000_000 })), "{piece}");
            let (output, damage) = unpack_at_most(&bomb, piece, Some(1_400_000));
            assert_eq!((output.len(), damage), (1_400_000, None), "{piece}");
        }
    }
}
