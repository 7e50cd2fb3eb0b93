//! The least that the processor's work costs: gunzip, parse, check, normalise, tell duplicates and write each item's
//! JSON, on one thread, with nothing sent.
//!
//! ```text
//! floor FILE CONTRACT
//! ```

use std::fs::File;
use std::hint::black_box;
use std::io::Read as _;

use activity::{FileReader, RecordContract, Row};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, contract] = &arguments[..] else { return Err("usage: floor FILE CONTRACT".into()) };
    let contract = RecordContract::from_yaml(&std::fs::read_to_string(contract)?)?;
    let mut file = File::open(file)?;
    let (mut reader, mut chunk, mut json) = (FileReader::new(&contract), vec![0; 64 << 10], Vec::new());
    let mut sink = |row: Row<'_>| {
        if let Row::Item { item, .. } = row {
            json.clear();
            item.write_json(&mut json);
            black_box(&json);
        }
    };
    loop {
        match file.read(&mut chunk)? {
            0 => break,
            read => reader.feed(&chunk[..read], &mut sink)?,
        }
    }
    let counts = reader.finish(&mut sink)?.counts;
    println!("{}", serde_json::to_string(&counts)?);
    Ok(())
}
