// Verifies a stream of signed messages with the npm libraries that receivers use.
//
//     node verify_stream.cjs NODE_MODULES WHSEC < lines
//
// Each line is a JSON object: {headers, body (base64), good}. What is not good has to be
// refused. The last line printed is {checked, wrong} as JSON.
const readline = require("node:readline");
const path = require("node:path");

const [modules, secret] = process.argv.slice(2);
const libraries = ["standardwebhooks", "svix"].map(
    (name) => new (require(path.join(modules, name)).Webhook)(secret)
);
const result = {checked: 0, wrong: 0};

function verifies(library, line) {
    try {
        library.verify(Buffer.from(line.body, "base64"), line.headers);
        return true;
    } catch {
        return false;
    }
}

readline
    .createInterface({input: process.stdin})
    .on("line", (text) => {
        const line = JSON.parse(text);
        for (const library of libraries) {
            result.checked += 1;
            result.wrong += verifies(library, line) === line.good ? 0 : 1;
        }
    })
    .on("close", () => console.log(JSON.stringify(result)));
