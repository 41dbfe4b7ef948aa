"""The linkage engine on any table: from columns and their kinds to scored pairs and clusters.

    records → keys → plan (which blocking rules) → blocks (pairs) → comparison (agreement patterns)
            → parameters (m, u) → match weight and probability → clusters

Fellegi and Sunter's model (1969): a pair's match weight is the prior odds and, a column, m/u of the level that it
shows, adjusted by how frequent its value is. Nothing is labelled: what u is follows from value counts, m from EM.

A module knows only such as stand before it:

    runs, kinds, records, repeated                         values and rows
    comparison, related, parameters, frequencies, chance   the match model
    sample, dependence, patterns, rules, recapture, plan   the choice of blocking rules
    blocks, trained, given, keys, drawing, learning        the steps of a run
    engine, clusters                                       the run
"""
