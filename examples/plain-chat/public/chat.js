const HEARTBEAT_MS = 30_000;
const MAX_WAIT_MS = 10_000;
const MAX_MESSAGES = 500;

const byId = (id) => document.getElementById(id);
let socket;
let attempts = 0;
let name = "";

function connect() {
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/`);
  socket.onopen = () => {
    attempts = 0;
    if (name) send({ type: "name", name });
  };
  socket.onmessage = ({ data }) => receive(JSON.parse(data));
  socket.onclose = () => {
    byId("here").textContent = "Connecting …";
    attempts += 1;
    setTimeout(connect, Math.random() * Math.min(MAX_WAIT_MS, 500 * 2 ** attempts));
  };
}

function receive(message) {
  if (message.type === "presence") showPeople(message);
  else if (message.type === "said") showMessage(`${message.name}: ${message.text}`);
}

function showPeople({ people, lurkers }) {
  byId("here").textContent = `${people.length} here, ${lurkers} looking on`;
  byId("people").replaceChildren(...people.map((person) => item(person.name)));
}

function showMessage(text) {
  const messages = byId("messages");
  messages.append(item(text));
  if (messages.children.length > MAX_MESSAGES) messages.firstElementChild.remove();
  messages.lastElementChild.scrollIntoView({ block: "nearest" });
}

function item(text) {
  const element = document.createElement("li");
  element.textContent = text;
  return element;
}

function send(message) {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

byId("name").addEventListener("submit", (event) => {
  event.preventDefault();
  name = new FormData(event.target).get("name");
  send({ type: "name", name });
});
byId("say").addEventListener("submit", (event) => {
  event.preventDefault();
  send({ type: "say", text: new FormData(event.target).get("text") });
  event.target.reset();
});
setInterval(() => send("heartbeat"), HEARTBEAT_MS);
connect();
