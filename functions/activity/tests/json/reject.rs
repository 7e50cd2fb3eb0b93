//! Texts that no JSON parser may take (RFC 8259).

/// By what is wrong with them.
#[rustfmt::skip]
pub(crate) const SYNTAX: &[&[u8]] = &[
    // Literals.
    b"nul", b"nulll", b"NULL", b"Null", b"tru", b"True", b"TRUE", b"truee", b"fals", b"False", b"truefalse", b"[nul]", b"[tru]",
    b"[fals]", b"undefined", b"None", b"nil", b"yes", b"a", b"abc", b"NaN", b"nan", b"-NaN", b"[NaN]", b"Infinity",
    b"-Infinity", b"+Infinity", b"inf", b"[-Infinity]", b"\xe2\x88\x9e",
    // Numbers.
    b"-", b"+", b"+1", b"++1", b"--1", b"-+1", b"+-1", b"- 1", b"01", b"-01", b"00", b"-00", b"012", b"-012", b"0123.4", b"1.",
    b"-1.", b".5", b"-.5", b"+.5", b".", b"-.", b"1.e1", b".1e1", b"0.e1", b"1e", b"1E", b"1e+", b"1e-", b"1E+", b"0e",
    b"0e+", b"1.0e", b"1.0e+", b"1.0e-", b"e1", b"1e1.5", b"1ee1", b"1eE2", b"1e+-1", b"1e 1", b"1 e1", b"1 .5", b"1. 5",
    b"1 000", b"1_000", b"[1,000]", b"0x1", b"0x", b"0X1F", b"0b1", b"0o7", b"1f", b"1d", b"1L", b"1n", b"1a", b"1-", b"1+",
    b"1+2", b"1/2", b"-a", b"-1x", b"1.2.3", b"1..2", b"1%", b"$1", b"#1", b"[-]", b"[1e]", b"[2.]", b"[.1]", b"[0.3e+]",
    b"\xef\xbc\x91", b"\xd9\xa3", b"1\xd9\xa3", b"\xc2\xbd", b"1e\xd9\xa3", b"1,5", b"[1.8011670033376514H-308]",
    // Strings.
    b"\"", b"\"a", b"a\"", b"'a'", b"\"a'", b"`a`", b"\xe2\x80\x9ca\xe2\x80\x9d", b"\"\\\"", b"\"\\\\\\\"", b"\"\\",
    br#""\x41""#, br#""\a""#, br#""\v""#, br#""\0""#, br#""\'""#, br#""\U0041""#, br#""\u""#, br#""\u1""#, br#""\u12""#,
    br#""\u123""#, br#""\u123g""#, br#""\uG000""#, br#""\u 041""#, br#""\u+041""#, br#""\u-041""#, br#""\u{41}""#,
    br#""\ u0041""#, b"\"\\\xc3\xa9\"", b"\"\\\xf0\x9f\x98\x80\"", b"\"\\u\xd9\xa3\xd9\xa3\"", b"\"\\\t\"", b"\"\\\0\"",
    br#""\ud800\u12""#, br#""\ud800\u""#, br"\u0041", br#""a" "b""#, br#""a"b"#, br#""a""b""#,
    b"\"\0\"", b"\"\x01\"", b"\"\x08\"", b"\"\t\"", b"\"\x0b\"", b"\"\x0c\"", b"\"\r\"", b"\"\x1b\"", b"\"\x1f\"",
    b"\"0123456789abcde\x1f\"", b"\"0123456789abcdef\x00\"", b"\"0123456789abcdef0123456789abcdef\t\"",
    // Arrays.
    b"[", b"]", b"[[", b"]]", b"[]]", b"[[]", b"[,]", b"[,1]", b"[1,]", b"[1,,2]", b"[1,,]", b"[,,]", b"[1 2]", b"[1;2]",
    b"[1:2]", br#"["a":1]"#, b"[1}", b"[1", b"[1,", br#"["a"#, br#"["a","#, br#"["a""#, b"[]a", b"[1]x", b"[1],", b"[1][2]",
    b"(1)", b"[(1)]", b"<1>", b"[a]", b"['a']", b"[...]", b"[*]", b"[\x0b]", b"[\x0c]", b"[\xc2\xa0]", b"[\xe2\x80\x83]",
    b"[\xe2\x81\xa0]", b"[\xef\xbb\xbf]", b"[1]\xc2\xa0", b"[1]\0", b"[\0]", b"[1\0]", br"[\u000A]", b"[[1,2],3", b"[{}",
    // Objects.
    b"{", b"}", b"{}}", b"{{}}", b"{{", br#"{"a"}"#, br#"{"a":}"#, br#"{"a":1"#, br#"{"a""#, br#"{"a"#, br#"{"a":1,"#,
    br#"{"a":1,}"#, b"{,}", br#"{,"a":1}"#, br#"{"a":1,,"b":2}"#, br#"{"a":1 "b":2}"#, br#"{"a":1;"b":2}"#, br#"{"a"=1}"#,
    br#"{"a"=>1}"#, br#"{"a"::1}"#, b"{:1}", b"{1:1}", b"{null:1}", b"{true:1}", b"{a:1}", b"{'a':1}", br#"{"a":1]"#,
    br#"{["a"]:1}"#, b"{[]:1}", b"{{}:1}", br#"{"a":1}x"#, br#"{"a":1}}"#, br#"{"a":1},"#, br#"{"a":1};"#, b"{} {}", b"{}{}",
    br#"{"a",1}"#, br#"{"a":1:2}"#, br#"{"a":b}"#, br#"{"a" "b"}"#, br#"{"a":1/**/}"#, br#"{"a":1}//x"#, b"{/*x*/}",
    br#"{"a":/**/1}"#, br#"{"a":1}#"#, br#"{"a":-}"#, b"{\0}", b"{\"a\":1}\0", b"{\xf0\x9f\x98\x80}", br#"{"\u00":1}"#,
    br#"{"a\":1}"#, b"{\"a\t\":1}", b"{}\r{}", b"{\"a\":1}\x0b", b"{...}",
    // Other things that come in files.
    b"# comment", b"// comment", b"/**/1", b"<html>", b"<?xml version=\"1.0\"?>", b"user_id,timestamp", b"---", b"- a", b"key: value",
    b"*", b"@", b"\\", b"/", b",", b":", b";", b"=", b"!", b"&a", b"~", b"data: {}", b")]}'", b"\x1e{}", b"callback({})", b"\0", b"\x7f",
];

/// Texts that are not UTF-8.
#[rustfmt::skip]
pub(crate) const UTF8: &[&[u8]] = &[
    b"\xff", b"\xfe", b"[\xff]", b"1\xff", b"\"\xff\"", b"{\"\xff\":1}",
    // A byte of a sequence without its start, and a start without its bytes.
    b"\"\x80\"", b"\"\xbf\"", b"\"\xc3\"", b"\"\xc3\x28\"", b"\"\xe2\x82\"", b"\"\xe2\x28\xa1\"", b"\"\xf0\x9f\x98\"", b"\"\xf0\x9f\x98",
    b"\"\xf0\x28\x8c\xbc\"",
    // Longer than need be.
    b"\"\xc0\xaf\"", b"\"\xc1\xbf\"", b"\"\xe0\x80\xaf\"", b"\"\xf0\x80\x80\xaf\"", b"\"\xc0\x80\"",
    // Surrogates, alone and as a pair, and beyond Unicode.
    b"\"\xed\xa0\x80\"", b"\"\xed\xbf\xbf\"", b"\"\xed\xa0\xbd\xed\xb8\x80\"", b"\"\xf4\x90\x80\x80\"", b"\"\xf5\x80\x80\x80\"",
    b"\"\xf8\x88\x80\x80\x80\"",
    // Other encodings.
    b"\"caf\xe9\"", b"\"\x93quoted\x94\"", b"\"\x8e\xa2\"",
];
