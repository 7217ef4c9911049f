"""The process that trains: `python -m evenhand.train.worker JOB`. Torch, trl and peft are loaded here and nowhere else.

What had to be set because a default is another one: processor instead of accelerator, single precision, no gradient
checkpointing, no truncation (the end of a sequence is the answer), and reference log-probabilities computed before the
first step, from the very weights that are trained (a reference model would be loaded anew from the model's path).
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from evenhand.errors import EvenhandError, InputError
from evenhand.records.preference import PreferencePair, UnmovedAnswer, ValidationCase
from evenhand.records.training import DpoSettings, GuardReading, GuardVerdict, TrainingCard
from evenhand.store.json_file import write_json
from evenhand.train.guard import decided, kept_reading, read_validation, widest
from evenhand.train.pair_files import read_lines, write_lines
from evenhand.train.staying import Staying
from evenhand.train.targets import chosen_matrices
from evenhand.train.tokens import answer_ids, prompt_ids, token_ids, told

__all__ = ["TrainingJob", "main", "say_reading"]

READINGS = "readings.jsonl"
_CASES_AT_ONCE = 32


class TrainingJob(Struct, frozen=True, kw_only=True):
    """What a training process is told."""

    base: str
    """Name of the model, for the card."""
    checkpoint: str
    """Folder of its weights."""
    pairs: str
    """File of pairs."""
    validation: str | None
    """File of validation cases; None: no guard."""
    unmoved: str | None
    """File of answers that memory did not move; None: the controls among the pairs are those."""
    out: str
    """Folder of the training."""
    pairs_sha256: str
    unmoved_sha256: str | None = None
    settings: DpoSettings


class _ScoredSequence(NamedTuple):
    """One sequence that is scored."""

    case: int
    prompt: list[int]
    ends: list[int]
    """Of letters, the tokens that tell them apart; of a written answer, all its tokens."""


class _ValidationScorer:
    """The probability of the best answer of every validation case.

    Letters are compared by the token in which they differ, all in one pass; written answers by their mean
    log-probability a token.
    """

    def __init__(self, cases: Sequence[ValidationCase], tokenizer: Any) -> None:
        self._best = [case.best for case in cases]
        self._letters = [bool(case.word) for case in cases]
        self._rows = [row for index, case in enumerate(cases) for row in _rows(index, case, tokenizer)]
        self._order = sorted(range(len(self._rows)), key=lambda row: len(self._rows[row].prompt))

    def scores(self, model: Any) -> list[float]:
        """One a case, 0 to 1."""
        import torch

        logprobs: list[list[float]] = [[] for _ in range(len(self._rows))]
        model.eval()
        with torch.no_grad():
            for start in range(0, len(self._order), _CASES_AT_ONCE):
                rows = self._order[start : start + _CASES_AT_ONCE]
                for row, found in zip(rows, self._logprobs(model, rows), strict=True):
                    logprobs[row] = found
        model.train()
        by_case: list[list[float]] = [[] for _ in self._best]
        for sequence, found in zip(self._rows, logprobs, strict=True):
            by_case[sequence.case] += found
        return [_softmax_at(found, best) for found, best in zip(by_case, self._best, strict=True)]

    def _logprobs(self, model: Any, rows: Sequence[int]) -> list[list[float]]:
        """Of letters, the log-probability of each; of a written answer, its mean over tokens."""
        import torch

        chosen = [self._rows[row] for row in rows]
        whole = [row.prompt if self._letters[row.case] else row.prompt + row.ends for row in chosen]
        width = max(map(len, whole))
        ids = torch.tensor([[0] * (width - len(tokens)) + tokens for tokens in whole], device=model.device)
        mask = torch.tensor([[0] * (width - len(one)) + [1] * len(one) for one in whole], device=model.device)
        places = (mask.cumsum(-1) - 1).clamp(min=0)
        keep = 1 + max(0 if self._letters[row.case] else len(row.ends) for row in chosen)
        read = {"input_ids": ids, "attention_mask": mask, "position_ids": places}
        logs = torch.log_softmax(model(**read, use_cache=False, logits_to_keep=keep).logits.float(), -1)
        found = []
        for row, steps in zip(chosen, logs, strict=True):
            if self._letters[row.case]:
                found.append(steps[-1][row.ends].tolist())
            else:
                said = steps[-1 - len(row.ends) : -1]
                found.append([float(said.gather(1, torch.tensor(row.ends, device=said.device)[:, None]).mean())])
        return found


def _rows(index: int, case: ValidationCase, tokenizer: Any) -> Iterator[_ScoredSequence]:
    prompt = prompt_ids(tokenizer, case.prompt)
    ends = [answer_ids(tokenizer, case.prompt, answer) for answer in case.answers]
    if case.word:
        yield _ScoredSequence(index, prompt, [end[0] for end in ends])
    else:
        for end in ends:
            yield _ScoredSequence(index, prompt, end)


def _softmax_at(logs: Sequence[float], best: int) -> float:
    top = max(logs)
    weights = [math.exp(one - top) for one in logs]
    return weights[best] / math.fsum(weights)


class _Guard:
    """Reads the validation split between steps, keeps the best weights in a file, and says when to stop."""

    def __init__(self, scorer: _ValidationScorer | None, cases: Sequence[ValidationCase], job: TrainingJob) -> None:
        self._scorer, self._cases, self.settings = scorer, cases, job.settings
        self._folder = Path(job.out)
        self._first: list[float] = []
        self.readings: list[GuardReading] = []
        self.ended: GuardVerdict = "going_on"

    def begin(self, model: Any) -> None:
        """Take the scores of the base model, which later ones are compared with."""
        if self._scorer is not None:
            self._first = self._scorer.scores(model)

    def resume(self, step: int) -> None:
        """Take up the readings up to a step."""
        path = self._folder / READINGS
        if self._scorer is not None and path.exists():
            self.readings = [one for one in read_lines(path, GuardReading) if one.step <= step]

    def read(self, model: Any, step: int) -> bool:
        """Read at a step; whether to stop."""
        if self._scorer is None or any(one.step == step for one in self.readings):
            return False
        scores = self._scorer.scores(model) if step else self._first
        reading = read_validation(self._cases, scores, first=self._first, step=step)
        self.readings.append(reading)
        write_lines(self.readings, self._folder / READINGS)
        limits = self.settings.limits
        if kept_reading(self.readings, limits).step == step:
            _save_trained(model, self._folder / "kept.safetensors")
        sys.stdout.write(say_reading(reading) + "\n")
        sys.stdout.flush()
        if self.settings.guarded and step > 0:
            self.ended = decided(self.readings, limits)
        return self.ended not in ("going_on", "all_steps")


def say_reading(reading: GuardReading) -> str:
    """One line on a reading, in points."""
    worst = min(reading.recall.items(), key=lambda one: one[1], default=("", 0.0))
    kept = "" if reading.needed is None else f", where memory is needed {100 * reading.needed:.1f}"
    back = "" if reading.regained is None else f", where it had moved the answer {100 * reading.regained:.1f}"
    told = f", lowest recall {100 * worst[1]:.1f} ({worst[0]})" if reading.recall else ""
    return (
        f"step {reading.step}: without memory {100 * reading.none:.1f}, behind memory {100 * reading.behind:.1f}"
        f"{back}{kept}, moved by memory {100 * reading.moved:.1f}, moved without {100 * reading.drift:.1f}, "
        f"widest gap {100 * widest(reading):.1f}{told}"
    )


def _save_trained(model: Any, path: Path) -> None:
    """The weights that are trained, whole or not at all."""
    from safetensors.torch import save_file

    trained = {name: value.detach().cpu().clone() for name, value in model.named_parameters() if value.requires_grad}
    part = path.with_suffix(".part")
    save_file(trained, part)
    part.replace(path)


def _load_trained(model: Any, path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    kept = load_file(path)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if value.requires_grad:
                value.copy_(kept[name])


def _arguments(job: TrainingJob) -> Any:
    """The trainer's settings."""
    import torch
    from trl import DPOConfig

    chosen = job.settings
    on_cpu = not torch.cuda.is_available()
    at_once = min(chosen.at_once, chosen.batch)
    return DPOConfig(
        output_dir=str(Path(job.out) / "checkpoints"),
        use_cpu=on_cpu,
        bf16=False,
        fp16=False,
        gradient_checkpointing=False,
        dataloader_pin_memory=not on_cpu,
        max_length=None,
        precompute_ref_log_probs=True,
        precompute_ref_batch_size=at_once,
        beta=chosen.beta,
        loss_type=["sigmoid", "sft"] if chosen.anchor else ["sigmoid"],
        loss_weights=[1.0, chosen.anchor] if chosen.anchor else None,
        learning_rate=chosen.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=0.1,
        weight_decay=0.0,
        max_grad_norm=1.0,
        optim="adamw_torch",
        num_train_epochs=chosen.epochs,
        per_device_train_batch_size=at_once,
        gradient_accumulation_steps=max(1, chosen.batch // at_once),
        save_strategy="steps",
        save_steps=chosen.check_every,
        save_total_limit=1,
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        seed=chosen.seed,
        data_seed=chosen.seed,
    )


def _trainer(
    job: TrainingJob,
    pairs: Sequence[PreferencePair],
    model: Any,
    tokenizer: Any,
    *,
    matrices: Sequence[str],
    guard: _Guard,
    staying: Staying | None,
) -> Any:
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import PrinterCallback, TrainerCallback
    from trl import DPOTrainer

    class StayingTrainer(DPOTrainer):  # type: ignore[misc]  # trl comes without types
        """Adds the divergence from the base model to the loss of every part of a step."""

        _last, _parts = -1, 0

        def compute_ref_log_probs(self, model: Any, inputs: Any) -> Any:
            """Log-probabilities of chosen and rejected answers in the base model; zeros where it is no reference."""
            if job.settings.reference == "none":
                return inputs["input_ids"].new_zeros(len(inputs["input_ids"]), dtype=torch.float32).chunk(2)
            return super().compute_ref_log_probs(model, inputs)

        def compute_loss(self, model: Any, inputs: Any, *given: Any, **named: Any) -> Any:
            loss = super().compute_loss(model, inputs, *given, **named)
            if staying is None or not model.training:
                return loss
            step = self.state.global_step
            self._parts = self._parts + 1 if step == self._last else 0
            self._last = step
            away = job.settings.stay * staying.divergence(model, step=step, part=self._parts)
            return (loss[0] + away, *loss[1:]) if isinstance(loss, tuple) else loss + away

    class Watching(TrainerCallback):  # type: ignore[misc]  # transformers comes without types
        """Lets the guard read between steps."""

        def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
            guard.read(given["model"], state.global_step)

        def on_step_end(self, args: Any, state: Any, control: Any, **given: Any) -> Any:
            due = state.global_step % job.settings.check_every == 0 or state.global_step == state.max_steps
            if due and guard.read(given["model"], state.global_step):
                control.should_training_stop = True
            return control

    rows = [
        {name: msgspec.to_builtins(getattr(pair, name)) for name in ("prompt", "chosen", "rejected")} for pair in pairs
    ]
    chosen = job.settings
    lora = LoraConfig(
        r=chosen.rank,
        lora_alpha=2 * chosen.rank,
        lora_dropout=0.0,
        target_modules=list(matrices) if matrices else "all-linear",
        task_type="CAUSAL_LM",
    )
    trainer = StayingTrainer(
        model=model,
        args=_arguments(job),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        peft_config=lora if chosen.method == "lora" else None,
        callbacks=[Watching()],
    )
    trainer.remove_callback(PrinterCallback)  # it would print the trainer's own numbers among the readings
    return trainer


def _load(checkpoint: str) -> tuple[Any, Any]:
    """The model in single precision, and its tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    except (LookupError, OSError, RuntimeError, TypeError, ValueError) as error:
        first = " ".join(str(error).split())[:300]
        raise InputError(f"the checkpoint {checkpoint!r} cannot be loaded ({first}); check the path") from error
    if tokenizer.chat_template is None:
        raise InputError(f"the checkpoint {checkpoint!r} has no chat template; train one that was tuned for chat")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer


def _matrices(job: TrainingJob, model: Any) -> tuple[str, ...]:
    """The linear maps that are trained, empty for all; with the method `full`, all else is left as it is."""
    import torch
    from transformers.pytorch_utils import Conv1D

    chosen = job.settings
    if chosen.targets == "all" and not chosen.layers:
        return ()
    names = [name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear | Conv1D)]
    found = chosen_matrices(names, targets=chosen.targets, layers=chosen.layers, model=job.base)
    if chosen.method == "full":
        trained = set(found)
        for name, weights in model.named_parameters():
            weights.requires_grad_(name.rpartition(".")[0] in trained)
    return found


def _refuse_long(pairs: Sequence[PreferencePair], model: Any, tokenizer: Any) -> None:
    """Raise for a pair that the model cannot read whole."""
    room = getattr(model.config, "max_position_embeddings", None)
    for pair in pairs:
        texts = [told(tokenizer, (*pair.prompt, *end), prompting=False) for end in (pair.chosen, pair.rejected)]
        size = max(len(token_ids(tokenizer, text)) for text in texts)
        if room is not None and size > room:
            raise InputError(
                f"the pair of question {pair.question!r} behind {pair.arm!r} has {size} tokens, more than the "
                f"{room} of the model; make pairs with a smaller --max-tokens"
            )


def _refuse_uneven(pairs: Sequence[PreferencePair], tokenizer: Any) -> None:
    """Raise for a pair whose answers are of different lengths: without a reference the shorter is the likelier one."""
    for pair in pairs:
        sizes = [len(answer_ids(tokenizer, pair.prompt, end[0].content)) for end in (pair.chosen, pair.rejected)]
        if sizes[0] != sizes[1]:
            raise InputError(
                f"the answers of question {pair.question!r} behind {pair.arm!r} have {sizes[0]} and {sizes[1]} tokens, "
                "and without a reference the shorter would count as preferred; train with --reference base"
            )


def _staying(job: TrainingJob, pairs: Sequence[PreferencePair], model: Any, tokenizer: Any) -> Staying | None:
    """What the model is held to; None where memory moved every answer."""
    if job.unmoved is not None:
        answers = read_lines(Path(job.unmoved), UnmovedAnswer)
    else:
        controls = [pair for pair in pairs if pair.rejected_kind == "other"]
        answers = tuple(
            UnmovedAnswer(
                prompt=pair.prompt, completion=pair.chosen, question=pair.question, text=pair.text, arm=pair.arm
            )
            for pair in controls
        )
    if not answers:
        return None
    chosen = job.settings
    at_once = min(chosen.at_once, chosen.batch)
    parts = max(1, chosen.batch // at_once)
    steps = math.ceil(chosen.epochs * math.ceil(len(pairs) / (parts * at_once)))
    return Staying(
        answers,
        model=model,
        tokenizer=tokenizer,
        at_once=max(1, chosen.stay_answers // parts),
        times=(steps, parts),
        seed=chosen.seed,
    )


def train(job: TrainingJob) -> TrainingCard:
    """Train, and write the kept weights as a checkpoint in `out/model`."""
    import torch
    from transformers.trainer_utils import get_last_checkpoint

    out = Path(job.out)
    pairs = read_lines(Path(job.pairs), PreferencePair)
    cases = read_lines(Path(job.validation), ValidationCase) if job.validation else ()
    torch.manual_seed(job.settings.seed)
    model, tokenizer = _load(job.checkpoint)
    matrices = _matrices(job, model)
    _refuse_long(pairs, model, tokenizer)
    if job.settings.reference == "none":
        _refuse_uneven(pairs, tokenizer)
    guard = _Guard(_ValidationScorer(cases, tokenizer) if cases else None, cases, job)
    staying = _staying(job, pairs, model, tokenizer) if job.settings.stay else None
    guard.begin(model)
    trainer = _trainer(job, pairs, model, tokenizer, matrices=matrices, guard=guard, staying=staying)
    last = get_last_checkpoint(str(out / "checkpoints")) if (out / "checkpoints").is_dir() else None
    if last is not None:
        guard.resume(int(Path(last).name.rpartition("-")[2]))
    trainer.train(resume_from_checkpoint=last)
    kept = _kept_step(guard, trainer)
    if kept:
        if guard.readings and job.settings.guarded:
            _load_trained(trainer.model, out / "kept.safetensors")
        whole = trainer.model.merge_and_unload() if job.settings.method == "lora" else trainer.model
        whole.save_pretrained(out / "model")
        tokenizer.save_pretrained(out / "model")
    return TrainingCard(
        evenhand=version("evenhand"),
        base=job.base,
        pairs_sha256=job.pairs_sha256,
        settings=job.settings,
        libraries={name: version(name) for name in ("torch", "transformers", "trl", "peft")},
        steps=trainer.state.global_step,
        ended="all_steps" if guard.ended == "going_on" else guard.ended,
        kept_step=kept,
        readings=tuple(guard.readings),
        cpu_seconds=round(time.process_time(), 1),
    )


def _kept_step(guard: _Guard, trainer: Any) -> int:
    """The step whose weights are kept: the guard's, or the last where there is none or it only watches."""
    if not guard.readings:
        return int(trainer.state.global_step)
    if not guard.settings.guarded:
        return int(trainer.state.global_step)
    return kept_reading(guard.readings, guard.settings.limits).step


def main() -> None:
    """Read the job, train, write the card; a foreseen error is one sentence and its exit code."""
    job = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=TrainingJob)
    try:
        write_json(train(job), Path(job.out) / "training.json")
    except EvenhandError as error:
        sys.stderr.write(f"evenhand: {error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
