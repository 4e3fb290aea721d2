using Microsoft.AspNetCore.DataProtection;

namespace ClusterSession.Tickets;

/// <summary>A cookie scheme whose tickets are stored.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Protection">What protects its cookies and tickets.</param>
internal sealed record TicketScheme(string Name, IDataProtectionProvider Protection);
