//! x
use activity::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let c = RecordContract::from_yaml(&std::fs::read_to_string(&a[1]).unwrap()).unwrap();
    let f = std::fs::read(&a[2]).unwrap();
    let n: usize = a[3].parse().unwrap();
    let t = std::time::Instant::now();
    let mut s = Summary::default();
    for _ in 0..n {
        let mut r = FileReader::new(&c);
        let mut k = |row: Row<'_>| drop(std::hint::black_box(row));
        for p in f.chunks(65536) {
            r.feed(p, &mut k);
        }
        s = r.finish(&mut k);
    }
    println!("{s:?} {:?}", t.elapsed());
    println!(
        "{}",
        std::fs::read_to_string("/proc/self/status")
            .unwrap()
            .lines()
            .filter(|l| l.starts_with("VmHWM"))
            .collect::<String>()
    );
}
