// Review records on stdin, one a line: for each evidence with a pointer the text it points to, found as a page in a browser finds it.
// Offsets count code points, strings here count UTF-16 units.
import { createInterface } from "node:readline";

function utf16(text, codePoints) {
  let at = 0;
  for (let i = 0; i < codePoints && at < text.length; i++) at += text.codePointAt(at) > 0xffff ? 2 : 1;
  return at;
}

const pointedAt = (record, pointer) =>
  pointer.split("/").slice(1).reduce((value, name) => value[name.replaceAll("~1", "/").replaceAll("~0", "~")], record);

for await (const line of createInterface({ input: process.stdin })) {
  const record = JSON.parse(line);
  const quotes = record.evaluations.flatMap((evaluation) => evaluation.evidence).filter((place) => place.pointer).map((place) => {
    const text = pointedAt(record, place.pointer);
    const quote = text.slice(utf16(text, place.start), utf16(text, place.end));
    if (quote !== [...text].slice(place.start, place.end).join("")) throw new Error(`two ways differ: ${place.pointer}`);
    return quote;
  });
  console.log(JSON.stringify({ record_id: record.record_id, quotes }));
}
