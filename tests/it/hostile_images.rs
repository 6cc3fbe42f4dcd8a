//! Damaged images: each is decoded or named with a reason, and none ends us.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shutterbench::image::decode;

use crate::common;

/// Mutated files.
const MUTANTS: usize = 2000;

fn images(folder: &Path, extension: &str, count: usize) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .collect();
    paths.sort();
    paths.truncate(count);
    paths
}

fn mutate(bytes: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    let len = bytes.len();
    match rng.random_range(0..4) {
        0 => bytes.truncate(rng.random_range(0..len)),
        1 => {
            for _ in 0..rng.random_range(1..32) {
                bytes[rng.random_range(0..len)] ^= 1 << rng.random_range(0..8);
            }
        }
        // Headers hold the sizes.
        2 => {
            let at = rng.random_range(0..len.min(700));
            let end = (at + rng.random_range(1..8)).min(len);
            rng.fill(&mut bytes[at..end]);
        }
        _ => {
            let at = rng.random_range(0..len);
            let section = bytes[at..(at + rng.random_range(1..2048)).min(len)].to_vec();
            let to = rng.random_range(0..len);
            bytes.splice(to..to, section);
        }
    }
}

#[test]
fn two_thousand_damaged_images_are_decoded_or_named() {
    let mut sources =
        images(&common::repository().join("models/fashion-mnist/validation"), "png", 50);
    if let Some(shared) = common::shared() {
        sources.extend(images(&shared.join("imagenet-sample"), "JPEG", 50));
    }
    let gate = Mutex::new(());
    let (mut decoded, mut refused) = (0, 0);
    for number in 0..MUTANTS {
        let mut rng = ChaCha8Rng::seed_from_u64(number as u64);
        let source = &sources[number % sources.len()];
        let mut bytes = fs::read(source).unwrap();
        mutate(&mut bytes, &mut rng);
        match decode::decode(&bytes, &gate) {
            Ok(image) => {
                assert!(image.pixels.width > 0 && image.pixels.height > 0);
                decoded += 1;
            }
            Err(error) => {
                let reason = format!("{error:#}");
                assert!(!reason.is_empty() && !reason.contains('\n'), "{reason}");
                refused += 1;
            }
        }
    }
    println!("{decoded} decoded, {refused} refused");
    assert!(decoded > 0 && refused > 0);
}
