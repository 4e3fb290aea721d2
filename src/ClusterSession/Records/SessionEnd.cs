namespace ClusterSession.Records;

/// <summary>The end of a session under one key.</summary>
/// <param name="Version">The version of the end.</param>
/// <param name="Successor">
/// Under what it goes on, if its id was only rotated. The tombstone keeps it, so that what a node
/// has acknowledged before the end and could not send yet finds its session, and so do requests
/// that still bring the old id.
/// </param>
/// <param name="MustBe">The version the stored record must have, or none: then it is ended whatever
/// it has.</param>
public readonly record struct SessionEnd(
    SessionVersion Version,
    SessionSuccessor? Successor = null,
    SessionVersion MustBe = default
);
