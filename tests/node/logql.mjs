// Reads a JSON array of LogQL queries on stdin and prints a JSON array with one verdict a query, by the grammar of Grafana's own editor:
// {"ok": true} or {"ok": false, "from": …, "to": …, "text": …} for the first place it could not read. Ranges that are Grafana variables,
// which the grammar does not know, stand for 5m; offsets count in the query after that.
import { readFileSync } from 'node:fs';
import { parser } from '@grafana/lezer-logql';

const RANGE_VARIABLE = /\[(?:\$[A-Za-z_]\w*|\$\{[A-Za-z_][\w.]*(?::[A-Za-z]+)?\})\]/g;

function verdict(query) {
  const text = query.replace(RANGE_VARIABLE, '[5m]');
  const cursor = parser.parse(text).cursor();
  do {
    if (cursor.type.isError) {
      return { ok: false, from: cursor.from, to: cursor.to, text: text.slice(cursor.from, cursor.to) };
    }
  } while (cursor.next());
  return { ok: true };
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(verdict)));
