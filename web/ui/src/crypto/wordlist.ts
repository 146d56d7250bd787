/**
 * The 7,776 words of passphrases, made by the same rule as crypto/wordlist.py; a test compares them with its frozen
 * words.txt. Four letters tell every word, and the last letter depends on them. Page: docs/spec/unlock.md.
 */
export const WORD_COUNT = 7_776;
const VOWELS = [..."aeiou"];
const CONSONANTS = [..."bdfghjklmnprstvwz"];
const CLUSTERS = ["bl", "br", "dr", "fl", "fr", "gl", "gr", "kl", "kr", "pl", "pr", "sl", "st", "tr"];
const LAST = [..."klmnrst"];
const LEFT_OUT = (
  "anu dik dod fag fuk gat hoer homo jode kak kan kuk kut lul moro naz neg nig pede pedo pik pis poe pop pot rap " +
  "seks sek slet slut snol tet tit trut"
).split(" ");

/** In order; the index of a word is its value. */
export const WORDS: readonly string[] = makeWords();
export const WORD_SET: ReadonlySet<string> = new Set(WORDS);

function makeWords(): string[] {
  const open = product(CONSONANTS, VOWELS, CONSONANTS, VOWELS).map((stem) => stem + lastLetter(stem, LAST));
  const cluster = product(CLUSTERS, VOWELS, CONSONANTS).map((stem) => stem + lastLetter(stem, VOWELS));
  return [...open, ...cluster]
    .filter((word) => !LEFT_OUT.some((rude) => word.includes(rude)))
    .slice(0, WORD_COUNT)
    .sort();
}

function product(...lists: readonly (readonly string[])[]): string[] {
  return lists.reduce<string[]>((heads, tails) => heads.flatMap((head) => tails.map((tail) => head + tail)), [""]);
}

/** Weighs the letters by their place, so that a changed or a swapped letter asks for another last letter. */
function lastLetter(stem: string, choices: readonly string[]): string {
  const weight = [...stem].reduce((sum, letter, at) => sum + (at + 1) * (letter.charCodeAt(0) - 97), 0);
  return choices[weight % choices.length] as string;
}
