"""The protocols' formulas in TeX, for MathML: their docstrings say the same in one line of plain text."""

from __future__ import annotations

from latex2mathml.converter import convert

MEAN = r"\underset{i}{\text{mean}} \;"

FORMULAS = {
    "mean-iou": MEAN + r"\frac{n_{ii}}{t_i + p_i - n_{ii}}",
    "pixel-accuracy": r"\frac{\sum_i n_{ii}}{\sum_i t_i}",
    "mean-class-accuracy": MEAN + r"\frac{n_{ii}}{t_i}",
    "frequency-weighted-iou": r"\frac{1}{\sum_i t_i} \sum_i t_i \cdot \frac{n_{ii}}{t_i + p_i - n_{ii}}",
    "macro-dice": MEAN + r"\frac{2 n_{ii}}{t_i + p_i}",
    "boundary-iou": MEAN + r"\frac{| T_d \cap P_d |}{| T_d \cup P_d |}",
    "weighted-precision": r"\frac{1}{\sum_i t_i} \sum_i t_i \cdot \frac{n_{ii}}{p_i}",
    "weighted-recall": r"\frac{1}{\sum_i t_i} \sum_i t_i \cdot \frac{n_{ii}}{t_i}",
    "weighted-f1": r"\frac{1}{\sum_i t_i} \sum_i t_i \cdot \frac{2 n_{ii}}{t_i + p_i}",
    "onehot-accuracy": r"\frac{\sum_i n_{ii} + \text{void predicted as } 0}{\text{all pixels}}",
    "per-image-miou": r"\underset{\text{photos}}{\text{mean}} \;\; \underset{i \,:\, t_i > 0}{\text{mean}} \;"
    r" \frac{n_{ii} + 10^{-10}}{t_i + p_i - n_{ii} + 10^{-10}}",
    "per-image-accuracy": r"\underset{\text{photos}}{\text{mean}} \; \frac{\sum_i n_{ii}}{\sum_i t_i}",
    "index-dice": r"\frac{1}{\text{photos}} \sum_{\text{batches}}"
    r" \frac{2 \sum p \cdot t}{\sum (p + t) + 10^{-8}}",
    "jaccard-20": r"\underset{i \text{ or void}}{\text{mean}} \; \frac{n_{ii}}{t_i + p_i - n_{ii}}",
    "accuracy-20": r"\frac{\sum_i n_{ii} + \text{void predicted as void}}{\text{all pixels}}",
    "void-as-error-miou": MEAN + r"\frac{n_{ii}}{t_i + p_i + \text{void predicted as } i - n_{ii}}",
}


def mathml(name: str) -> str:
    """The formula of a protocol as a block of MathML; "" for one that has none here (its docstring says it)."""
    if name not in FORMULAS:
        return ""
    return f'<div class="formula">{convert(FORMULAS[name], display="block")}</div>'
