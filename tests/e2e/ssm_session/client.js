// What the README of ssm-session shows, with standard input and output for a terminal.
const WebSocket = require("ws");
const { ssm } = require("ssm-session");
const { TextDecoder, TextEncoder } = require("util");

const [, , url, token] = process.argv;
const connection = new WebSocket(url);
connection.binaryType = "arraybuffer";
connection.onopen = () => {
  ssm.init(connection, { token, termOptions: { rows: 44, cols: 133 } });
  process.stdin.on("data", (keys) => ssm.sendText(connection, new TextEncoder().encode(keys)));
};
connection.onmessage = (event) => {
  const message = ssm.decode(event.data);
  ssm.sendACK(connection, message);
  if (message.payloadType === 1) process.stdout.write(new TextDecoder().decode(message.payload));
};
connection.onclose = () => process.exit(0);
