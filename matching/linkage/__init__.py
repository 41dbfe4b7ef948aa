"""The linkage engine on any table: from columns and their kinds to scored pairs and clusters.

    records → plan (which blocking rules) → blocks (pairs) → comparison (agreement patterns) → parameters (m, u)
            → match weight and probability → clusters

Fellegi and Sunter's model (1969): a pair's match weight is the prior odds and, a column, m/u of the level that it
shows, adjusted by how frequent its value is. Nothing is labelled: what u is follows from value counts, m from EM.
"""
