// What node-postgres sees of the fixture. Arguments: port, database, and "proxied" where refusals are to be expected.
const { Client, Pool } = require('pg');
const Cursor = require('pg-cursor');
const { to } = require('pg-copy-streams');

const [port, database, mode] = process.argv.slice(2);
const login = { host: '127.0.0.1', port: Number(port), user: 'employee', password: 'sesame', database };

function show(what, result) {
  console.log('--', what, result.command, result.rowCount);
  // Types that a database defines have other numbers in each.
  console.log(JSON.stringify(result.fields.map((field) => [field.name, field.dataTypeID < 16384 ? field.dataTypeID : 'own', field.format])));
  for (const row of result.rows) console.log(JSON.stringify(row));
}

async function refused(db, text, values) {
  if (mode !== 'proxied') return;
  try {
    await db.query(text, values);
  } catch (error) {
    if (['42501', '0A000'].includes(error.code)) return;
    throw error;
  }
  throw new Error(`not refused: ${text}`);
}

async function main() {
  const db = new Client(login);
  await db.connect();
  show('all', await db.query('SELECT * FROM logins ORDER BY id'));
  show('people', await db.query({ text: 'SELECT * FROM people ORDER BY seat', rowMode: 'array' }));
  show('binary', await db.query({ text: 'SELECT id, number, ip, person FROM logins WHERE id > $1 ORDER BY id', values: [30], binary: true }));
  const { number, mail } = (await db.query('SELECT number, mail FROM people WHERE seat = 3')).rows[0];
  for (const name of ['one', 'one', undefined]) {
    show('parameters', await db.query({ name, text: 'SELECT id, ip FROM logins WHERE ip = $1 AND amount = $2 AND mood = $3 ORDER BY id',
      values: ['203.0.0.0/16', 77000, 'good'] }));
  }
  show('tokens', await db.query('SELECT id, person FROM logins WHERE number = $1 AND mail = $2 ORDER BY id', [number, mail]));
  show('list', await db.query('SELECT count(*) FROM logins WHERE mail = ANY($1)', [[mail]]));
  for (const result of await db.query('SELECT 1 AS a; SELECT ip FROM logins WHERE id = 1')) show('several', result);
  const cursor = db.query(new Cursor('SELECT id, ip, at FROM logins WHERE id > $1 ORDER BY id', [2]));
  console.log(JSON.stringify([await cursor.read(3), await cursor.read(4)]));
  await cursor.close();
  for (const format of ['text', 'csv', 'binary']) {
    const pieces = [];
    for await (const piece of db.query(to(`COPY (SELECT id, mail, ip, person FROM logins ORDER BY id) TO STDOUT (FORMAT ${format})`))) pieces.push(piece);
    console.log(format, Buffer.concat(pieces).toString('latin1'));
  }
  await db.query('BEGIN');
  for (const text of ['SELECT 1 / 0', 'SELECT 1']) await db.query(text).catch((error) => console.log('error', error.code));
  await db.query('ROLLBACK');
  for (const text of ['SELECT nothing FROM logins', 'SELEC']) await db.query(text).catch((error) => console.log('error', error.code));
  await refused(db, 'SELECT 1 FROM people WHERE person = $1', ['00000000-0000-4000-8000-000000000000']);
  await refused(db, 'SELECT 1 FROM people WHERE mail = $1', ['canary1@example.com']);
  await refused(db, 'DELETE FROM people');
  show('still here', await db.query('SELECT count(*) FROM logins'));
  await db.end();
  const pool = new Pool({ ...login, max: 3 });
  const answers = await Promise.all([...Array(12).keys()].map((n) => pool.query('SELECT ip FROM logins WHERE id = $1', [n])));
  console.log(JSON.stringify(answers.map((answer) => answer.rows)));
  await pool.end();
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
