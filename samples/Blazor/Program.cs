using Blazor;
using Blazor.Components;
using ClusterSession;
using Microsoft.AspNetCore.DataProtection;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddClusterSession().UseRedis();

// What forms and circuits are protected with, the same on every node.
builder.Services.AddDataProtection().PersistKeysToClusterSession();
builder.Services.AddRazorComponents().AddInteractiveServerComponents();

var app = builder.Build();
app.UseClusterSession();
app.UseAntiforgery();
app.MapStaticAssets().WithSessionAccess(SessionConcurrency.None);
app.MapRazorComponents<App>().AddInteractiveServerRenderMode().WithoutSessionInCircuits();
app.Run();
