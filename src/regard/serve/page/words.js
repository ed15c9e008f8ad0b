// All texts of the page, in English and Korean. {braces} are filled in by `say`.

import { keep, kept, tell } from "./state.js";

const TEXTS = {
  "lead": ["Translate, and see how.", "번역하고, 그 속을 들여다보세요."],
  "skip": ["Skip to the text", "입력란으로 건너뛰기"],
  "settings": ["Settings", "설정"],
  "close": ["Close", "닫기"],
  "key": ["API key", "API 키"],
  "key.about": ["Only if this server asks for one. It is forgotten when you close this tab.",
    "서버가 요구할 때만 필요합니다. 이 탭을 닫으면 사라집니다."],

  "desk": ["Translate", "번역"],
  "from": ["From", "원문 언어"],
  "to": ["Into", "번역 언어"],
  "auto": ["Detect language", "언어 감지"],
  "swap": ["Swap the languages", "언어 맞바꾸기"],
  "text": ["Text to translate", "번역할 글"],
  "hint": ["Write or paste here", "여기에 쓰거나 붙여 넣으세요"],
  "detected": ["Detected: {language}", "감지한 언어: {language}"],
  "try": ["Try", "예문"],
  "empty": ["Clear", "지우기"],
  "output": ["Translation", "번역문"],
  "awaits": ["The translation appears here.", "번역문이 여기에 나타납니다."],
  "copy": ["Copy", "복사"],
  "copied": ["Copied", "복사했습니다"],
  "sure": ["Confidence {share}", "신뢰도 {share}"],
  "sure.about": ["How probable it is that this translation is good, as measured on sentences that the model had not seen.",
    "모델이 보지 못한 문장으로 잰, 이 번역이 좋은 번역일 확률입니다."],
  "sure.lines": ["The least sure of {count} lines.", "{count}줄 가운데 가장 낮은 값입니다."],
  "fixed": ["You chose how it begins.", "첫머리를 직접 골랐습니다."],
  "free": ["Undo", "되돌리기"],

  "words": ["Word by word", "단어와 단어"],
  "words.about": ["Where each word comes from, as one attention head sees it.", "어텐션 헤드 하나가 본, 단어마다의 출처입니다."],
  "source": ["Source", "원문"],
  "target": ["Translation", "번역문"],
  "point": ["Point at a word, or tap it. A word of the translation also offers other words.",
    "단어를 가리키거나 눌러 보세요. 번역문의 단어를 누르면 다른 낱말도 고를 수 있습니다."],
  "alone": ["aligned with nothing", "이어진 단어 없음"],
  "aligned": ["aligned with {names}", "이어진 단어: {names}"],

  "attention": ["Attention", "어텐션"],
  "attention.about": ["Each row is one token at work; the stronger a cell's colour, the more it takes from that column.",
    "한 줄이 토큰 하나입니다. 칸의 색이 뚜렷할수록 그 열의 토큰을 많이 참고합니다."],
  "kind": ["Kind", "종류"],
  "kind.cross": ["cross", "교차"],
  "kind.self": ["decoder self", "디코더 자기"],
  "kind.encoder": ["encoder self", "인코더 자기"],
  "layer": ["Layer", "층"],
  "head": ["Head", "헤드"],
  "mean": ["mean", "평균"],
  "grid": ["Attention weights: arrow keys go from cell to cell", "어텐션 가중치: 화살표 키로 칸을 옮깁니다"],
  "looks": ["looks at", "→"],
  "cell": ["{row} looks at {column}: {weight}", "{row}이(가) {column}을(를) 봄: {weight}"],

  "certain": ["How sure of each token", "토큰마다의 확신"],
  "certain.about": ["The probability of each token, given all before it.", "앞의 토큰이 주어졌을 때 각 토큰의 확률입니다."],

  "beam": ["The beam", "빔 탐색"],
  "beam.about": ["The chosen path runs straight down, in colour. Inside it lies what else was tried; what was pruned scored below all that stayed.",
    "고른 길이 색으로 곧게 내려갑니다. 그 안에는 달리 시도한 길이 있고, 잘린 것은 남은 것 모두보다 점수가 낮았습니다."],
  "unfold": ["Show all that was pruned", "잘린 후보 모두 보기"],
  "start": ["at the start", "첫머리에서"],
  "chosen": ["chosen", "선택"],
  "finished": ["finished", "완성"],
  "ended": ["all that followed was pruned", "뒤가 모두 잘림"],
  "pruned": ["{count} pruned", "{count}개 잘림"],
  "why": ["{score} at step {step}: below {cut}, the lowest that stayed", "{step}단계 {score}: 남은 것 중 최저인 {cut}보다 낮음"],
  "why.not": ["{score} at step {step}: no room in the beam", "{step}단계 {score}: 빔에 자리가 없음"],
  "best": ["Best whole translations", "가장 나은 번역들"],

  "others": ["Instead of “{word}”", "“{word}” 대신"],
  "others.about": ["Choose a word to go on from there.", "낱말을 고르면 거기서부터 이어서 번역합니다."],
  "others.none": ["The model sees no other word here.", "여기에 올 다른 낱말이 없습니다."],
  "waits": ["One moment…", "잠시만요…"],

  "switches": ["Switch heads off", "헤드 끄기"],
  "switches.about": ["What is a head good for? Switch it off and see what changes.", "헤드는 무슨 일을 할까요? 끄고 무엇이 달라지는지 보세요."],
  "switches.none": ["This run tells of no heads that could be switched off.", "이 모델에는 끌 수 있는 헤드가 없습니다."],
  "board.layer": ["Layer {layer}", "{layer}층"],
  "board": ["{kind} {layer}", "{kind} {layer}층"],
  "switch": ["Head {head} of {board}", "{board} 헤드 {head}"],
  "allOn": ["Switch all on", "모두 켜기"],
  "before": ["With all heads", "모두 켰을 때"],
  "after": ["{count} off", "{count}개 껐을 때"],
  "score": ["Score {before} → {after} ({change})", "점수 {before} → {after} ({change})"],
  "same": ["The same words.", "단어는 그대로입니다."],

  "files": ["Translate a file", "파일 번역"],
  "files.about": ["It comes back filled in, with everything else as it was.", "나머지는 그대로 두고 번역만 채워 돌려드립니다."],
  "choose": ["Choose a file", "파일을 고르거나"],
  "drop": ["or drop one here", "여기에 끌어다 놓으세요"],
  "sending": ["Sending {share}", "보내는 중 {share}"],
  "working": ["Translating…", "번역하는 중…"],
  "ready": ["Download", "내려받기"],
  "files.where": ["Choose the languages above first.", "먼저 위에서 언어를 고르세요."],

  "history": ["History", "기록"],
  "history.about": ["Kept in this browser only.", "이 브라우저에만 남습니다."],
  "history.none": ["Nothing yet.", "아직 없습니다."],
  "forget": ["Clear the history", "기록 지우기"],

  "modes": ["What to do", "할 일"],
  "mode.translate": ["Translate", "번역"],
  "lead.judge": ["Label a text, and see what its words count for.", "글을 분류하고, 단어마다의 몫을 살펴보세요."],
  "judge": ["Label a text", "글 분류"],
  "judge.text": ["Text to label", "분류할 글"],
  "judge.first": ["First text", "첫째 글"],
  "judge.second": ["Second text", "둘째 글"],
  "judge.answer": ["Label", "분류 결과"],
  "judge.awaits": ["The label appears here.", "분류 결과가 여기에 나타납니다."],

  "because": ["What the words count for", "단어마다의 몫"],
  "because.about": ["Two ways to ask which words mattered, side by side.", "어떤 단어가 중요했는지 묻는 두 방법을 나란히 놓았습니다."],
  "because.slope": ["By slope", "기울기로"],
  "because.looks": ["By attention", "어텐션으로"],
  "because.method": ["Method", "방법"],
  "because.gradient": ["gradient × input", "기울기 × 입력"],
  "because.integrated": ["integrated gradients", "적분한 기울기"],
  "because.attention": ["last layer, mean of heads", "마지막 층, 헤드 평균"],
  "because.rollout": ["rollout through all layers", "모든 층을 거친 롤아웃"],
  "because.for": ["for “{label}”", "“{label}” 쪽"],
  "because.against": ["against it", "반대쪽"],
  "because.higher": ["higher", "높이는 쪽"],
  "because.lower": ["lower", "낮추는 쪽"],
  "because.more": ["the stronger the colour, the more was read from it", "색이 뚜렷할수록 많이 읽은 단어"],
  "because.marks": ["on the marks around the text: {value}", "글 앞뒤의 표시: {value}"],
  "because.unread": ["not read", "읽지 않음"],
  "because.cut": ["The text is longer than the model reads: what is struck through was not read.",
    "모델이 읽는 길이보다 긴 글입니다. 줄을 그은 부분은 읽지 않았습니다."],
  "because.point": ["Point at a word, or tap it, to see its numbers.", "단어를 가리키거나 누르면 값이 보입니다."],
  "because.none": ["None: no layer of this model says in weights where it looks.", "없음: 어디를 보는지 가중치로 나타내는 층이 없습니다."],
  "because.caveat": ["The two sides can differ, and neither is the cause. A slope says how the score would move if a word's vector did, just here; attention says where the model read from, not what it made of what it read (Jain & Wallace 2019). Change the text and watch the label: only that shows what a word does.",
    "두 쪽은 서로 다를 수 있고, 어느 쪽도 원인은 아닙니다. 기울기는 단어의 벡터가 조금 움직일 때 점수가 얼마나 움직이는지를, 어텐션은 모델이 어디를 읽었는지를 말할 뿐 읽은 것으로 무엇을 했는지는 말하지 않습니다(Jain & Wallace 2019). 단어가 하는 일은 글을 바꾸어 보고 결과를 지켜보아야만 알 수 있습니다."],

  "error.away": ["The server does not answer; is it still running?", "서버가 응답하지 않습니다. 켜져 있는지 확인해 주세요."],
  "error.status": ["The server answered with status {status}.", "서버가 상태 {status}(으)로 답했습니다."],
  "error.key": ["You can set an API key under Settings.", "설정에서 API 키를 넣을 수 있습니다."],
  "error.busy": ["The server is busy; trying again in {seconds} s.", "서버가 바쁩니다. {seconds}초 뒤에 다시 시도합니다."],
  "error.language": ["This looks like {language}, which nothing here translates from.",
    "{language}(으)로 보이는데, 이 언어에서 옮기는 모델이 없습니다."],
};

let column = kept("tongue", navigator.language).toLowerCase().startsWith("ko") ? 1 : 0;

export const tongue = () => ["en", "ko"][column];

export function say(name, values = {}) {
  return TEXTS[name][column].replace(/\{(\w+)\}/g, (_, slot) => values[slot] ?? "");
}

// A language's own name in the page's language; the server's name where the browser knows none.
export function named(code, otherwise = code) {
  const options = { type: "language", fallback: "none" };
  try { return new Intl.DisplayNames([tongue()], options).of(code) ?? otherwise; } catch { return otherwise; }
}

// Every fixed text of the page, and which language is offered instead.
export function speak() {
  document.documentElement.lang = tongue();
  const each = name => document.querySelectorAll(`[data-${name}]`);
  for (const node of each("say")) node.textContent = say(node.dataset.say);
  for (const node of each("label")) node.setAttribute("aria-label", say(node.dataset.label));
  for (const node of each("hint")) node.placeholder = say(node.dataset.hint);
  const other = document.getElementById("tongue");
  other.textContent = ["한국어", "English"][column];
  other.lang = ["ko", "en"][column];
}

export function turn() {
  column = 1 - column;
  keep("tongue", tongue());
  speak();
  tell("language");
}
