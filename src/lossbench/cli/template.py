"""The commented study file that `lossbench init` writes."""

from __future__ import annotations

__all__ = ["STUDY_TEMPLATE"]

STUDY_TEMPLATE = """\
# A lossbench study. Run it with:  lossbench run study.yaml
# Options on the command line outrank this file; what is left out has the values shown here.

name: my-study                    # its results go to log/studies/my-study
question: Which loss function should this classifier be trained with?

data: digits                      # a name (`lossbench data` lists them), a path to your data, or hub:owner/name
image_column: null                # or which column of the data holds the pictures
label_column: null                # or which column holds the labels
size: null                        # or a side, as 64, or [height, width]: pictures are resized to it
models: [cnn]                     # `lossbench models` lists them; or timm:NAME, torchvision:NAME, module:callable;
                                  # losses are compared within each
losses:                           # `lossbench losses` lists them
  - l1
  - cross_entropy
  - focal(gamma=2)
  - focal(gamma=0.5)
  # - {loss: mae, lr: 0.5}        # with a recipe of its own: lr, momentum, weight_decay, nesterov, batch_size
scenarios: [clean]                # what is done to the training data; losses are compared within each; e.g.
  # ["noise(symmetric, 0.4)", "imbalance(exponential, 100) + validation(0.1)", "train_size(0.1)"]
seeds: 5                          # one classifier per loss and seed; 5 means 1 to 5, [1, 2, 7] is a list

recipe:
  epochs: 30
  batch_size: 128
  optimizer: {name: sgd, lr: 0.1, momentum: 0.9, weight_decay: 0, nesterov: false}
                                  # or {name: adam, lr: 0.001, weight_decay: 0, betas: [0.9, 0.999]}, or adamw alike
  schedule: {name: step, step: 5, gamma: 0.5}      # halve the learning rate every 5 epochs; or {name: constant},
                                  # {name: multistep, milestones: [15, 25], gamma: 0.1}, {name: cosine}; each may have
                                  # a warmup: 5, over whose epochs the learning rate rises
  clip: null                      # or a number: longer gradients are scaled down to this L2 norm
  augmentation: []                # of training batches, in this order: e.g. [crop(4), flip, cutout(8)]
  mixup: null                     # or alpha, as 0.2: batches are mixed, for losses that take class probabilities
  eval_interval: 1                # evaluate every so many epochs, and always the last
  train_metrics: full             # the whole training split in evaluation mode; `running` is the cheap alternative
  precision: auto                 # or fp32, bf16; auto is bf16 on processors with instructions for it

tuned: null                       # what tuning chose for each loss; then both recipes are compared
published: null                   # a published table that results are held against; `lossbench presets` tells of them

plan:                             # what will be concluded from, written before the run
  metrics: null                   # your own: [my_module:my_function, "my_module:cost, lower is better"]
  metric: test.accuracy           # or test.precision, test.recall, test.f1, test.nll, test.brier, test.ece, test.top5,
                                  # test.auroc, test.my_function
  margin: 0.01                    # smaller differences are of no practical importance
  hypotheses: []                  # what you expect, one per line; the report says what became of each
  # hypotheses: |
  #   test.accuracy: cross_entropy > l1                           # or <
  #   test.accuracy: cross_entropy ~ focal(gamma=0.5) within 0.01
  #   test.f1: highest cross_entropy                              # or lowest
  #   test.accuracy: l1 within 0.05 of 0.1                        # the last value of every seed
  #   train.loss: l1 falls                                        # or rises; and monotonically, at every step
  #   test.accuracy: cross_entropy > l1 along training            # the mean over the epochs
  #   test.recall[3]: cross_entropy > l1                          # one class: precision, recall or f1
  #   test.f1 follows test.accuracy                               # they rank the losses alike
  max_seeds: null                 # or 3 to 30: add seeds until every question is decided, as --until-decided does
"""
