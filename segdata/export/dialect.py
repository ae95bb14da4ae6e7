"""How the annotators of a pipeline's VIA files say a class, so that a draft can be added to what they drew.

source: {options: {class_attribute: type}, label_map: {street: road, lane: road, car: car, sky: ignore}}
→  regions with {"type": "street"} and {"type": "car"}: a class is called by its own name where that is a label, else
   by the first of its labels
"""

from __future__ import annotations

from segdata.decode import strict
from segdata.export.via_project import ATTRIBUTE, Dialect
from segdata.formats.via import Options
from segdata.ontology import IGNORE, IGNORE_INDEX
from segdata.pipeline import Source


def dialect_of(source: Source, where: str) -> Dialect:
    """The dialect of a pipeline's source; of one that is not in VIA, the classes' own names.

    where  the pipeline file, for the ConfigError of wrong options
    """
    ontology = source.build_ontology()
    if source.format != "via":
        return Dialect.of(ontology)
    options = strict(dict(source.options), Options, where, "source.options")
    labels = source.build_label_map(ontology).by_name
    implied = options.implied_class
    if implied is not None:
        labels = {implied: labels[implied]} if implied in labels else {}
    names: dict[int, str] = {}
    for class_id, own in [*enumerate(ontology.names), (IGNORE_INDEX, IGNORE)]:
        of_class = [label for label, mapped in labels.items() if mapped == class_id]
        if of_class:
            names[class_id] = own if own in of_class else of_class[0]
    return Dialect(options.class_attribute or ATTRIBUTE, names, ontology.id_of(source.unlabelled))
