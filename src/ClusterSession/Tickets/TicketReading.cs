using ClusterSession.Opening;
using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.Tickets;

/// <summary>What looking for the record of a ticket found.</summary>
/// <param name="Outcome">The kind of answer.</param>
/// <param name="Record">The record, for <see cref="OpenOutcome.Opened"/>.</param>
/// <param name="IsComplete">Whether it is all of the record under its version.</param>
/// <param name="Failure">Why the store did not respond.</param>
internal readonly record struct TicketReading(
    OpenOutcome Outcome,
    SessionRecord? Record,
    bool IsComplete,
    StoreFailure Failure
);
