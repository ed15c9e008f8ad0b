// The page begins here: every part starts, then the server is asked what it can do.

import * as align from "./align.js";
import * as alternatives from "./alternatives.js";
import * as attention from "./attention.js";
import * as beam from "./beam.js";
import * as because from "./because.js";
import * as certain from "./certain.js";
import { $ } from "./dom.js";
import * as files from "./files.js";
import * as heads from "./heads.js";
import * as heat from "./heat.js";
import * as history from "./history.js";
import * as judge from "./judge.js";
import * as languages from "./languages.js";
import * as look from "./look.js";
import * as modes from "./modes.js";
import * as output from "./output.js";
import * as pair from "./pair.js";
import * as settings from "./settings.js";
import * as sheet from "./sheet.js";
import { on } from "./state.js";
import * as translate from "./translate.js";
import { speak, turn } from "./words.js";

speak();
const desk = [languages, translate, output, look, pair, align, sheet, alternatives];
const below = [attention, heat, certain, beam, heads, files, history, settings];
const judging = [judge, because, modes];
for (const part of [...desk, ...below, ...judging]) part.start();
$("tongue").addEventListener("click", turn);

const begin = () => languages.load().then(() => translate.fail(null), translate.fail);
on("key", begin);
begin();
$("text").focus({ preventScroll: true });
