//! Rust names for the schema's names.

/// The case of methods and modules: `KMSMasterKeyID` is `kms_master_key_id`.
pub(crate) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (index, &letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| letters[before]);
        if letter.is_uppercase() && before.is_some_and(|before| starts_word(before, &letters[index + 1..])) {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// Whether a capital starts a word, after `before`: not amid an acronym, nor before an acronym's plural `s`.
fn starts_word(before: char, rest: &[char]) -> bool {
    let plural = matches!(rest, ['s'] | ['s', 'A'..='Z', ..]);
    !before.is_uppercase() || (rest.first().is_some_and(|next| next.is_lowercase()) && !plural)
}

/// A method's or field's name: snake case, raw where it is a keyword.
pub(crate) fn member(name: &str) -> String {
    match snake(name).as_str() {
        keyword @ ("as" | "async" | "await" | "break" | "const" | "continue" | "dyn" | "else" | "enum" | "extern"
        | "false" | "fn" | "for" | "if" | "impl" | "in" | "let" | "loop" | "match" | "mod" | "move"
        | "mut" | "pub" | "ref" | "return" | "static" | "struct" | "trait" | "true" | "type" | "unsafe"
        | "use" | "where" | "while" | "abstract" | "become" | "box" | "do" | "final" | "gen" | "macro"
        | "override" | "priv" | "try" | "typeof" | "unsized" | "virtual" | "yield") => format!("r#{keyword}"),
        taken @ ("new" | "default" | "self" | "super" | "crate") => format!("{taken}_"),
        free => free.to_owned(),
    }
}

/// The name of a structure or an enumeration. The schema's own is in camel case, save for a first small letter.
pub(crate) fn type_name(name: &str) -> String {
    capitalised(name)
}

/// A variant's name: `python3.12` is `Python3_12`, `STANDARD_IA` is `StandardIa`, `aws:kms` is `AwsKms`.
pub(crate) fn variant(text: &str) -> String {
    let mut variant = String::new();
    for word in text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let is_shouted = !word.chars().any(|letter| letter.is_lowercase());
        let word = capitalised(&if is_shouted { word.to_lowercase() } else { word.to_owned() });
        if variant.ends_with(|last: char| last.is_ascii_digit())
            && word.starts_with(|first: char| first.is_ascii_digit())
        {
            variant.push('_');
        }
        variant.push_str(&word);
    }
    match variant.as_str() {
        "" if text.is_empty() => "Empty".to_owned(),
        "" => "Any".to_owned(),
        "Other" | "Self" => format!("{variant}Value"),
        number if number.starts_with(|first: char| first.is_ascii_digit()) => format!("V{number}"),
        _ => variant,
    }
}

/// What one of a list is called: `Architectures` is a list of `Architecture`.
pub(crate) fn singular(plural: &str) -> String {
    match plural {
        _ if plural.ends_with("ss") => plural.to_owned(),
        _ if plural.ends_with("ies") => format!("{}y", &plural[..plural.len() - 3]),
        _ => plural.strip_suffix('s').unwrap_or(plural).to_owned(),
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acronyms_and_digits_stay_whole() {
        for (name, expected) in [
            ("MemorySize", "memory_size"),
            ("S3Bucket", "s3_bucket"),
            ("KMSMasterKeyID", "kms_master_key_id"),
            ("SSEAlgorithm", "sse_algorithm"),
            ("SecurityGroupIDs", "security_group_ids"),
            ("IPV6Enabled", "ipv6_enabled"),
            ("OIDCProvider", "oidc_provider"),
            ("deadLetterTargetArn", "dead_letter_target_arn"),
        ] {
            assert_eq!(snake(name), expected);
        }
        assert_eq!(member("Type"), "r#type");
    }

    #[test]
    fn variants_read_as_rust() {
        for (text, expected) in [
            ("python3.12", "Python3_12"),
            ("x86_64", "X86_64"),
            ("provided.al2023", "ProvidedAl2023"),
            ("PAY_PER_REQUEST", "PayPerRequest"),
            ("GreaterThanThreshold", "GreaterThanThreshold"),
            ("aws:kms:dsse", "AwsKmsDsse"),
            ("2.0", "V2_0"),
            ("*", "Any"),
            ("", "Empty"),
            ("OTHER", "OtherValue"),
        ] {
            assert_eq!(variant(text), expected);
        }
    }

    #[test]
    fn a_list_is_of_singulars() {
        assert_eq!(singular("Architectures"), "Architecture");
        assert_eq!(singular("RequiredCapabilities"), "RequiredCapability");
        assert_eq!(singular("Access"), "Access");
    }
}
